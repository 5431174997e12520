import { loop, type Loop } from '@millrace/runtime'
import { checkRuntimes, nextRuntimeCheckMs, type OverrunExecution } from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'
import type { OverrunTrees } from './overrun-trees.ts'

/**
 * Ends what has run for longer than its maximum runtime, and has what is below it cancelled. The row that
 * says so stays until that is done: whoever looks after a crash goes on with it.
 *
 * Where nothing is limited this asks every two seconds for the first row of an empty table.
 */
export function runtimesLoop(context: SchedulerContext, trees: Pick<OverrunTrees, 'note'>): Loop {
  const { db, bus, log, metrics, shards } = context

  return loop('runtimes', {
    async run() {
      const fence = shards.fence()
      if (fence.held.length === 0) return LOOK_EVERY_MS
      const inMs = await nextRuntimeCheckMs(
        db,
        fence.held.map(({ shard }) => shard),
      )
      if (inMs === null || inMs > 0)
        return Math.min(Math.ceil(inMs ?? LOOK_EVERY_MS), LOOK_EVERY_MS)
      const over = await checkRuntimes(db, { ...fence, limit: BATCH })
      tell(over.filter(({ isNew }) => isNew))
      trees.note(over)
      return over.length === BATCH ? 0 : STEP_MS
    },
    onError: retryLogger(log),
  })

  function tell(ended: readonly OverrunExecution[]): void {
    if (ended.length === 0) return
    metrics.overrun.inc(ended.length)
    const items = ended.map((one) => ({ ...one, status: 'ENDED_ERROR' as const }))
    bus.publishMoved(items)
    bus.publishEnded(items)
    for (const [processId, theirs] of Map.groupBy(items, (one) => one.processId))
      if (processId !== null) bus.publishControl(processId, theirs)
    for (const { executionId, workspaceId } of ended)
      log.warn({ executionId, workspaceId }, 'ended at its maximum runtime')
  }
}

// Also how late a limit is noticed that was set meanwhile.
const LOOK_EVERY_MS = 2_000
const BATCH = 500
// What is due and not to be had, since our lease has run out, is another's in a moment.
const STEP_MS = 50
