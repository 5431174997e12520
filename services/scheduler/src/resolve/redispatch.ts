import type { Pool } from '@millrace/bus'
import { monotonicMs } from '@millrace/runtime'
import type { ExecutionFind } from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import { poolOf } from './recover.ts'

/**
 * Offers executions again that have been ready for long: their message was lost, or nobody has time.
 * Each is offered less and less often (5 s to 1 min; 5 min while the pool has work underway), so that
 * a backlog is not doubled by the very messages meant to mend it. Offering twice is harmless.
 */
export interface Redispatcher {
  /** To be called before a walk and with its end: what it did not find again is forgotten. */
  beginWalk(): Promise<void>
  endWalk(): void
  offer(finds: readonly ExecutionFind[]): void
}

interface Offer {
  readonly version: number
  readonly tries: number
  readonly nextMs: number
  walk: number
}

export function createRedispatcher(
  { bus, config, metrics }: Pick<SchedulerContext, 'bus' | 'config' | 'metrics'>,
  clock: () => number = monotonicMs,
): Redispatcher {
  const offers = new Map<string, Offer>()
  const busy = new Map<Pool, boolean>()
  let walk = 0

  function isDue(find: ExecutionFind, pool: Pool): boolean {
    const known = offers.get(find.executionId)
    if (known !== undefined && known.version === find.version) {
      known.walk = walk
      return clock() >= known.nextMs
    }
    return find.ageMs >= (busy.get(pool) === true ? config.readyForBusyMs : config.readyForMs)
  }

  function note(find: ExecutionFind, pool: Pool): void {
    const known = offers.get(find.executionId)
    const tries = known !== undefined && known.version === find.version ? known.tries + 1 : 1
    const mostMs = busy.get(pool) === true ? BACKOFF_BUSY_MAX_MS : BACKOFF_MAX_MS
    const pauseMs = Math.min(BACKOFF_MS * 2 ** Math.min(tries - 1, 10), mostMs)
    offers.set(find.executionId, { version: find.version, tries, nextMs: clock() + pauseMs, walk })
  }

  return {
    async beginWalk() {
      walk += 1
      for (const pool of ['engine', 'connector'] as const)
        busy.set(pool, ((await bus.pendingDispatch(pool)) ?? 0) > 0)
    },
    endWalk() {
      for (const [id, offer] of offers) if (offer.walk < walk) offers.delete(id)
    },
    offer(finds) {
      // Nothing would be stored; once NATS is back the next walk finds the same.
      if (!bus.connected()) return
      for (const [pool, all] of Map.groupBy(finds, poolOf)) {
        const due = all.filter((find) => isDue(find, pool))
        if (due.length === 0) continue
        for (const find of due) note(find, pool)
        // Not waited for: the sweep rests in proportion to its work, and waiting for a NATS that does
        // not answer is none. What was not taken was not offered: the next walk does it at once.
        void bus.publishDispatch(pool, due.map(dispatchOf)).then((isStored) => {
          if (!isStored) for (const find of due) offers.delete(find.executionId)
        })
        metrics.redispatched.inc({ pool }, due.length)
      }
    },
  }
}

const BACKOFF_MS = 5_000
const BACKOFF_MAX_MS = 60_000
const BACKOFF_BUSY_MAX_MS = 300_000

const dispatchOf = ({ workspaceId, executionId, version, priority }: ExecutionFind) => ({
  workspaceId,
  executionId,
  version,
  priority,
})
