import { findDeadlocks } from '@millrace/lock'
import { loop, type Loop, monotonicMs } from '@millrace/runtime'
import { dependencySeeds, type ExecutionKey, loadBlocked, lockSeeds } from '@millrace/store'
import { type LockContext, retryLogger } from '../context.ts'
import { breakDeadlock } from '../deadlock/break-deadlock.ts'
import type { LockServer } from '../serve/lock-server.ts'

/**
 * Looks for cycles of waits, through locks and executions. One copy, the holder of shard 0, does this.
 *
 * A cycle is closed by a wait. So it is enough to start from every wait for a lock, and from the
 * dependency waits that are new since the last look; every minute, and after a failure, from all of
 * them. Dependency waits are read less often the longer that takes.
 */
export function deadlocksLoop(context: LockContext, server: Pick<LockServer, 'note'>): Loop {
  const { config, db, log, shards } = context
  const olderThanMs = config.deadlockAfterMs
  let newSince: number | null = null
  let allSince = 0
  let nextDependenciesAt = 0

  return loop('deadlocks', {
    async run(signal) {
      if (!shards.holds(0)) {
        newSince = null
        return LOOK_EVERY_MS
      }
      const startedAt = monotonicMs()
      const seeds = await lockSeeds(db, { olderThanMs, limit: SEEDS_MAX })
      if (startedAt >= nextDependenciesAt) seeds.push(...(await newDependencySeeds(startedAt)))
      const blocked = seeds.length > 0 ? await loadBlocked(db, seeds) : []
      const workspaces = new Map(blocked.map((one) => [one.executionId, one.workspaceId]))
      for (const deadlock of findDeadlocks(blocked)) {
        if (signal.aborted) return
        const workspaceId = workspaces.get(deadlock.cycle[0]?.executionId ?? '')
        if (workspaceId !== undefined) await breakDeadlock(context, server, deadlock, workspaceId)
      }
      const pauseMs = seeds.length > 0 ? LOOK_EVERY_MS : LOOK_IDLE_MS
      return Math.max(pauseMs, pauseAfterLook(monotonicMs() - startedAt))
    },
    onError(error, retry) {
      newSince = null
      retryLogger(log)(error, retry)
    },
  })

  async function newDependencySeeds(startedAt: number): Promise<ExecutionKey[]> {
    const isFull = newSince === null || startedAt - allSince > LOOK_AT_ALL_EVERY_MS
    const sinceMs = isFull || newSince === null ? FOREVER_MS : startedAt - newSince + OVERLAP_MS
    const newerThanMs = olderThanMs + sinceMs
    const seeds = await dependencySeeds(db, { olderThanMs, newerThanMs, limit: SEEDS_MAX })
    newSince = startedAt
    if (isFull) allSince = startedAt
    const endedAt = monotonicMs()
    nextDependenciesAt = endedAt + pauseAfterScan(endedAt - startedAt)
    return seeds
  }
}

/**
 * What takes long is done less often. What takes very long has waited for a machine or a Postgres that
 * stood still, and a cycle that closed meanwhile must not wait for many times as long.
 */
export const pauseAfterLook = (tookMs: number): number => Math.min(tookMs * 10, 5_000)
export const pauseAfterScan = (tookMs: number): number => Math.min(tookMs * 50, 15_000)

const LOOK_EVERY_MS = 500
// While nobody waits for a lock, and no execution has begun to wait for another.
const LOOK_IDLE_MS = 2_000
const LOOK_AT_ALL_EVERY_MS = 60_000
// Commits become visible later than the time they carry.
const OVERLAP_MS = 5_000
const FOREVER_MS = 1e12
const SEEDS_MAX = 10_000
