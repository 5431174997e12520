import type { Bus } from '@millrace/bus'
import { type Logger, type Loop, loop } from '@millrace/runtime'
import {
  type Database,
  PROCESS_LEASE_RENEW_MS,
  registerProcess,
  releaseClaimed,
  renewProcess,
} from '@millrace/store'
import type { Runner } from '../run/runner.ts'

/**
 * Keeps this engine's lease, under which its executions are AT_ENGINE. When it ran out the
 * scheduler has given them to others; their versions have moved, so nothing this engine still
 * commits for them counts.
 */
export function leaseLoop({
  db,
  bus,
  runner,
  log,
  processId,
  address,
}: {
  readonly db: Database
  readonly bus: Bus
  readonly runner: Runner
  readonly log: Logger
  readonly processId: string
  readonly address: string
}): Loop {
  return loop('lease', {
    async run() {
      if (!(await renewProcess(db, { processId }))) {
        log.warn('the lease was lost; its executions go on elsewhere')
        await registerProcess(db, { processId, service: 'engine', address })
      }
      if (runner.takeDoubt())
        await giveBack({
          db,
          bus,
          processId,
          keep: runner.claimed().map((held) => held.executionId),
        })
      return PROCESS_LEASE_RENEW_MS
    },
    onError(error) {
      log.warn({ error }, 'the lease could not be renewed')
    },
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
