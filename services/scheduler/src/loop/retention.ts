import { loop, type Loop, monotonicMs, sleep, toServiceError } from '@millrace/runtime'
import { listRetained } from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'
import type { Paced } from '../retention/pages.ts'
import { removeOldScheduleRuns } from '../retention/remove-old-schedule-runs.ts'
import { removeUnused } from '../retention/remove-unused.ts'
import { removeOldTrees } from '../retention/remove-old-trees.ts'

/**
 * Removes what has ended and had its time, workspace by workspace, and then what nobody refers to any
 * more. One copy, the holder of shard 0, does this; two at once would only share the work, since every
 * step judges by the rows that it locks. A crash anywhere costs nothing: the next walk goes on.
 */
export function retentionLoop(context: SchedulerContext): Loop {
  const { config, db, log, metrics, shards } = context
  const keepMs = config.retentionMinutes * 60_000

  return loop('retention', {
    async run(signal) {
      if (keepMs === 0 || !shards.holds(0)) return LOOK_EVERY_MS
      let workMs = 0
      const paced: Paced = async (work) => {
        signal.throwIfAborted()
        const startedAt = monotonicMs()
        const result = await work()
        const stepMs = monotonicMs() - startedAt
        workMs += stepMs
        await sleep(stepMs * PAUSE_PER_STEP, signal)
        return result
      }
      for (const workspaceId of await listRetained(db)) {
        if (!shards.holds(0)) return LOOK_EVERY_MS
        // Here a workspace's own setting will take the place of the common one.
        const retained = { workspaceId, keepMs }
        try {
          await removeOldTrees(context, retained, paced)
          await removeOldScheduleRuns(context, retained, paced)
          await removeUnused(context, retained, paced)
        } catch (error) {
          signal.throwIfAborted()
          if (toServiceError(error).retryable) throw error
          // Nothing that one workspace holds may keep what the others are rid of.
          log.warn({ error, workspaceId }, 'retention passed over a workspace')
        }
      }
      metrics.walk.observe({ over: 'retention' }, workMs / 1_000)
      const pauseMs = Math.min(Math.max(keepMs / 20, LOOK_EVERY_MS), PAUSE_MAX_MS)
      return Math.max(pauseMs, workMs * PAUSE_PER_WALK)
    },
    onError: retryLogger(log),
  })
}

const LOOK_EVERY_MS = 1_000
const PAUSE_PER_STEP = 3
const PAUSE_PER_WALK = 5
const PAUSE_MAX_MS = 60_000
