import { type Loop, loop } from '@millrace/runtime'
import { heldByProcess, loadConnections, releaseConnection } from '@millrace/store'
import type { ConnectorContext } from '../context.ts'
import { readNotes, writeNotes } from '../run/attempt-notes.ts'
import type { Runner } from '../run/runner.ts'

/**
 * Gives back connections that are AT_ENGINE under this process with nobody at work on them: the answer
 * to their claim, or to their being taken back, was lost. Nothing has left for them that is not known.
 */
export function giveBackLoop(context: ConnectorContext, runner: Runner): Loop {
  const { log } = context
  let inDoubt = false
  return loop('give back', {
    async run() {
      inDoubt = runner.takeDoubt() || inDoubt
      if (inDoubt) await giveBack(context, runner)
      inDoubt = false
      return EVERY_MS
    },
    onError: (error, { retryMs }) =>
      log.warn({ error, retryMs }, 'abandoned connections could not be given back yet'),
  })
}

// Rare: only after Postgres was away in the middle of a claim, or of a taking back.
const EVERY_MS = 3_000
const PAGE = 500

async function giveBack({ db, bus, processId }: ConnectorContext, runner: Runner): Promise<void> {
  // First what is held, then who is at work: a claim is entered there before it is written.
  const keys = await heldByProcess(db, { processId, after: null, limit: PAGE })
  const atWork = new Set(runner.running.map((held) => held.executionId))
  const abandoned = keys.filter(({ executionId }) => !atWork.has(executionId))
  for (const row of await loadConnections(db, abandoned)) {
    const last = row.lastAttempt
    if (row.status !== 'AT_ENGINE' || last?.processId !== processId) continue
    const notes = readNotes(last.details) ?? { generation: row.generation, nth: 1 }
    const details = writeNotes({ ...notes, nth: notes.nth - 1 })
    const { workspaceId, executionId, version, epoch } = row
    const held = { workspaceId, executionId, version, epoch, attempt: last.attempt }
    // One that has ended keeps its outcome, and in its notes the answer for whoever takes it next.
    const outcome = last.isEnded ? (last.outcome ?? 'none') : 'none'
    const released = await releaseConnection(db, { ...held, outcome, details })
    if (released !== null)
      await bus.publishDispatch('connector', [
        { workspaceId, executionId, version: released.version },
      ])
  }
}
