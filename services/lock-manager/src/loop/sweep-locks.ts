import { loop, type Loop } from '@millrace/runtime'
import { countLockQueues, locksToServe } from '@millrace/store'
import { type LockContext, retryLogger } from '../context.ts'
import type { LockServer } from '../serve/lock-server.ts'

/** Finds locks that a lost nudge left unserved, and holders that ended without a release. */
export function sweepLocksLoop(context: LockContext, server: Pick<LockServer, 'note'>): Loop {
  const { config, db, log, metrics, shards } = context
  return loop('sweep locks', {
    async run() {
      const fence = shards.fence()
      if (fence.held.length === 0) return config.sweepMs
      const keys = await locksToServe(db, { ...fence, freshForMs: config.sweepMs / 4, limit: PAGE })
      metrics.finds.inc(keys.length)
      server.note(keys)
      const { waiters, queues } = await countLockQueues(db)
      metrics.waiters.set(waiters)
      metrics.queues.set(queues)
      return config.sweepMs
    },
    onError: retryLogger(log),
  })
}

const PAGE = 5_000
