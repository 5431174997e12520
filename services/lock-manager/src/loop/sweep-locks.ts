import { loop, type Loop, monotonicMs } from '@millrace/runtime'
import { countLockQueues, locksToServe, removeIdleGates } from '@millrace/store'
import { type LockContext, retryLogger } from '../context.ts'
import type { LockServer } from '../serve/lock-server.ts'

/**
 * Finds locks that a lost nudge left unserved, and holders that ended without a release; removes those of
 * limits that nobody needs any more.
 */
export function sweepLocksLoop(context: LockContext, server: Pick<LockServer, 'note'>): Loop {
  const { config, db, log, metrics, shards } = context
  let nextThoroughAt = 0
  let waiting = 0

  return loop('sweep locks', {
    async run() {
      const fence = shards.fence()
      if (fence.held.length === 0) return config.sweepMs
      const startedAt = monotonicMs()
      const isThorough = startedAt >= nextThoroughAt
      const freshForMs = config.sweepMs / 4
      const keys = await locksToServe(db, { ...fence, freshForMs, isThorough, limit: PAGE })
      if (isThorough) nextThoroughAt = startedAt + THOROUGH_EVERY * config.sweepMs
      metrics.finds.inc(keys.length)
      server.note(keys)
      // After the note: what was found must not wait for it, nor be lost when it fails.
      if (isThorough) await removeIdleGates(db, { ...fence, limit: PAGE })
      if (isThorough || waiting > 0 || keys.length > 0) {
        const { waiters, queues } = await countLockQueues(db)
        metrics.waiters.set(waiters)
        metrics.queues.set(queues)
        waiting = waiters
      }
      const patience = waiting > 0 || keys.length > 0 ? 1 : PATIENCE_IDLE
      return pauseAfter(monotonicMs() - startedAt, config.sweepMs * patience)
    },
    onError: retryLogger(log),
  })
}

/**
 * Long queues are read less often: 5 % of a core at the most. What took very long has waited for a
 * Postgres that was silent, and what was left lying meanwhile must not wait for many times as long.
 */
export const pauseAfter = (tookMs: number, sweepMs: number): number =>
  Math.max(sweepMs, Math.min(tookMs * 20, PAUSE_MAX_MS))

// While nobody waits: a lost nudge then delays somebody by so many sweeps at the most.
const PATIENCE_IDLE = 2
const PAUSE_MAX_MS = 10_000
const PAGE = 5_000
const THOROUGH_EVERY = 15
