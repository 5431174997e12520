import { findDeadlocks } from '@millrace/lock'
import { loop, type Loop, monotonicMs } from '@millrace/runtime'
import { type ExecutionKey, loadBlocked, lockSeeds, type LockWaitCursor } from '@millrace/store'
import { type LockContext, retryLogger } from '../context.ts'
import { breakDeadlock } from '../deadlock/break-deadlock.ts'
import type { LockServer } from '../serve/lock-server.ts'
import { createDependencyWalk } from './dependency-walk.ts'

/**
 * Looks for cycles of waits, through locks and executions. One copy, the holder of shard 0, does this.
 *
 * A cycle is closed by a wait, or by the end of one of several holders. So it is enough to start from
 * every wait of code for a lock, a page of them at each look, and from the waits for executions and for
 * places in flows that are new since the last look; every minute, and after a failure, page by page from
 * all waits for executions. Those are read less often the longer that takes.
 */
export function deadlocksLoop(context: LockContext, server: Pick<LockServer, 'note'>): Loop {
  const { config, db, log, shards } = context
  const olderThanMs = config.deadlockAfterMs
  let lockWaits: LockWaitCursor | null = null
  const dependencies = createDependencyWalk(db, olderThanMs)

  return loop('deadlocks', {
    async run(signal) {
      if (!shards.holds(0)) {
        dependencies.startOver()
        return LOOK_EVERY_MS
      }
      const startedAt = monotonicMs()
      const page = await lockSeeds(db, { olderThanMs, after: lockWaits, limit: SEEDS_MAX })
      lockWaits = page.next
      let isIdle = page.seeds.length === 0
      await look(page.seeds, signal)
      for await (const seeds of dependencies.read(startedAt)) {
        isIdle &&= seeds.length === 0
        await look(seeds, signal)
      }
      const pauseMs = isIdle ? LOOK_IDLE_MS : LOOK_EVERY_MS
      return Math.max(pauseMs, pauseAfterLook(monotonicMs() - startedAt))
    },
    onError(error, retry) {
      dependencies.startOver()
      retryLogger(log)(error, retry)
    },
  })

  async function look(seeds: readonly ExecutionKey[], signal: AbortSignal): Promise<void> {
    if (seeds.length === 0) return
    const { executions, locks } = await loadBlocked(db, seeds)
    const workspaces = new Map(executions.map((one) => [one.executionId, one.workspaceId]))
    for (const deadlock of findDeadlocks(executions, locks)) {
      if (signal.aborted) return
      const workspaceId = workspaces.get(deadlock.cycle[0]?.executionId ?? '')
      if (workspaceId !== undefined) await breakDeadlock(context, server, deadlock, workspaceId)
    }
  }
}

/**
 * What takes long is done less often. What takes very long has waited for a machine or a Postgres that
 * stood still, and a cycle that closed meanwhile must not wait for many times as long.
 */
export const pauseAfterLook = (tookMs: number): number => Math.min(tookMs * 10, 5_000)

const LOOK_EVERY_MS = 500
// While nobody waits for a lock, and no execution has begun to wait for another.
const LOOK_IDLE_MS = 2_000
const SEEDS_MAX = 10_000
