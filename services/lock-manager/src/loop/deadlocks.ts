import { findDeadlocks } from '@millrace/lock'
import { loop, type Loop, monotonicMs } from '@millrace/runtime'
import { deadlockSeeds, loadBlocked } from '@millrace/store'
import { type LockContext, retryLogger } from '../context.ts'
import { breakDeadlock } from '../deadlock/break-deadlock.ts'
import type { LockServer } from '../serve/lock-server.ts'

/**
 * Looks for cycles of waits, through locks and executions. One copy, the holder of shard 0, does this.
 *
 * A cycle is closed by a wait. So it is enough to start from every request for a lock (there are few)
 * and from the dependency waits that are new since the last look; every minute, and after a failure,
 * from all of them.
 */
export function deadlocksLoop(context: LockContext, server: Pick<LockServer, 'note'>): Loop {
  const { config, db, log, shards } = context
  let lookedAt: number | null = null
  let lookedAtAllAt = 0

  return loop('deadlocks', {
    async run(signal) {
      if (!shards.holds(0)) {
        lookedAt = null
        return LOOK_EVERY_MS
      }
      const startedAt = monotonicMs()
      const isFull = lookedAt === null || startedAt - lookedAtAllAt > LOOK_AT_ALL_EVERY_MS
      const sinceMs = isFull || lookedAt === null ? FOREVER_MS : startedAt - lookedAt
      const seeds = await deadlockSeeds(db, {
        olderThanMs: config.deadlockAfterMs,
        newerThanMs: config.deadlockAfterMs + sinceMs + OVERLAP_MS,
        limit: SEEDS_MAX,
      })
      const blocked = await loadBlocked(db, seeds)
      const workspaces = new Map(blocked.map((one) => [one.executionId, one.workspaceId]))
      for (const deadlock of findDeadlocks(blocked)) {
        if (signal.aborted) return
        const workspaceId = workspaces.get(deadlock.cycle[0]?.executionId ?? '')
        if (workspaceId !== undefined) await breakDeadlock(context, server, deadlock, workspaceId)
      }
      lookedAt = startedAt
      if (isFull) lookedAtAllAt = startedAt
      return Math.max(LOOK_EVERY_MS, (monotonicMs() - startedAt) * PAUSE_PER_LOOK)
    },
    onError(error, retry) {
      lookedAt = null
      retryLogger(log)(error, retry)
    },
  })
}

const LOOK_EVERY_MS = 500
const LOOK_AT_ALL_EVERY_MS = 60_000
// Commits become visible later than the time they carry.
const OVERLAP_MS = 5_000
const FOREVER_MS = 1e12
const SEEDS_MAX = 10_000
const PAUSE_PER_LOOK = 20
