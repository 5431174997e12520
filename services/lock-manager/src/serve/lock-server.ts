import { after, loop, ServiceError, type Timer } from '@millrace/runtime'
import { type LockKey, shardOfLock } from '@millrace/store'
import { type LockContext, retryLogger } from '../context.ts'
import { serveLocks, tellServed } from './serve-locks.ts'

/**
 * Serves locks as they are noted: many at once, one lock always by one of the workers. A lock that is
 * noted while it is being served is served again, so no nudge is lost in between.
 */
export interface LockServer {
  /** Something may have changed about these; those of other copies are passed over. */
  note(keys: readonly LockKey[]): void
  start(): void
  stop(): Promise<void>
}

export function createLockServer(context: LockContext): LockServer {
  const { config, db, log, metrics, shards } = context
  const waiting = new Map<string, LockKey>()
  const busy = new Set<string>()
  /** Locks to be looked at when a period is over; what is lost with a process, the sweep finds. */
  const later = new Map<string, Timer>()

  const workers = Array.from({ length: config.servers }, (_, index) =>
    loop(`locks ${index + 1}`, {
      async run() {
        const batch = take()
        if (batch.length === 0) return
        try {
          await serve(batch)
        } catch (error) {
          for (const key of batch) waiting.set(idOf(key), key)
          throw error
        } finally {
          for (const key of batch) busy.delete(idOf(key))
        }
        wake()
      },
      onError: retryLogger(log),
    }),
  )

  async function serve(batch: readonly LockKey[]): Promise<void> {
    try {
      const served = await db.transaction((tx) => serveLocks(tx, batch, shards.fence()))
      metrics.batch.observe(batch.length)
      tellServed(context, served)
      for (const { inMs, ...key } of served.later) noteIn(inMs, key)
    } catch (error) {
      const isAway = error instanceof ServiceError && error.retryable
      if (isAway || batch.length === 1) throw error
      // One of them cannot be served: the others need not suffer for it.
      for (const key of batch)
        await serve([key]).catch((reason: unknown) =>
          log.error({ error: reason, ...key }, 'a lock was not served'),
        )
    }
  }

  function noteIn(ms: number, key: LockKey): void {
    const id = idOf(key)
    later.get(id)?.cancel()
    // A moment more: Postgres's clock judges, and a look before the time is in vain.
    const timer = after(Math.min(ms + 1, SOON_MS), () => {
      later.delete(id)
      note([key])
    })
    later.set(id, timer)
  }

  function note(keys: readonly LockKey[]): void {
    for (const key of keys)
      if (shards.holds(shardOfLock(key.workspaceId, key.key))) waiting.set(idOf(key), key)
    wake()
  }

  function take(): LockKey[] {
    const batch: LockKey[] = []
    for (const [id, key] of waiting) {
      if (busy.has(id)) continue
      waiting.delete(id)
      busy.add(id)
      if (batch.push(key) === config.batch) break
    }
    return batch
  }

  /** As many workers as there is work for. */
  function wake(): void {
    let left = waiting.size
    for (const worker of workers) {
      if (left <= 0) return
      worker.wake()
      left -= config.batch
    }
  }

  return {
    note,
    start() {
      for (const worker of workers) worker.start()
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()))
      // After them: what they were serving may have begun another.
      for (const timer of later.values()) timer.cancel()
      later.clear()
    },
  }
}

// Longer than this the sweep, which finds what is over, is early enough to begin a timer again.
const SOON_MS = 60_000

const idOf = ({ workspaceId, key }: LockKey): string => `${workspaceId}/${key}`
