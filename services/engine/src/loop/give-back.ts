import type { Bus } from '@millrace/bus'
import { type Logger, type Loop, loop } from '@millrace/runtime'
import { type Database, releaseClaimed } from '@millrace/store'
import type { Runner } from '../run/runner.ts'

// Rare: only after Postgres was away in the middle of a run.
const EVERY_MS = 3_000

/** Gives executions back that are AT_ENGINE under this process with nobody at work on them. */
export function giveBackLoop({
  db,
  bus,
  runner,
  log,
  processId,
}: {
  readonly db: Database
  readonly bus: Bus
  readonly runner: Runner
  readonly log: Logger
  readonly processId: string
}): Loop {
  let inDoubt = false
  return loop('give-back', {
    async run() {
      inDoubt = runner.takeDoubt() || inDoubt
      if (inDoubt) {
        const keep = runner.claimed().map((held) => held.executionId)
        await giveBack({ db, bus, processId, keep })
        inDoubt = false
      }
      return EVERY_MS
    },
    onError: (error) => log.warn({ error }, 'abandoned executions could not be given back yet'),
  })
}

/** Returns claimed executions to the queue. A crash after the commit leaves them for the sweep. */
export async function giveBack({
  db,
  bus,
  processId,
  keep,
}: {
  readonly db: Database
  readonly bus: Bus
  readonly processId: string
  readonly keep: readonly string[]
}): Promise<void> {
  const released = await releaseClaimed(db, { processId, keep })
  if (released.length > 0) await bus.publishDispatch('engine', released)
}
