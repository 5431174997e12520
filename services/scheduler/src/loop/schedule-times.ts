import { loop, type Loop } from '@millrace/runtime'
import { dueIterations, nextIterationMs } from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'
import type { Schedules } from '../schedules/schedules.ts'

/**
 * Sees to schedules whose time has come, and sleeps until the next one. As with timers, Postgres's clock
 * judges; this process's says when to look again. What is made to start before the next look is
 * remembered by the copy that made it (schedules.ts), so that nobody need be told.
 */
export function scheduleTimesLoop(
  { db, log, shards }: Pick<SchedulerContext, 'db' | 'log' | 'shards'>,
  schedules: Pick<Schedules, 'note' | 'isUsed'>,
): Loop {
  return loop('schedule times', {
    async run() {
      const held = shards.fence().held.map(({ shard }) => shard)
      if (held.length === 0 || !schedules.isUsed()) return LOOK_EVERY_MS
      schedules.note(await dueIterations(db, { shards: held, limit: BATCH }))
      const inMs = (await nextIterationMs(db, held)) ?? Infinity
      // Those that are due and stay so, or were paused and are resumed, are looked at again that often.
      return Math.ceil(Math.min(Math.max(inMs, 1), LOOK_EVERY_MS))
    },
    onError: retryLogger(log),
  })
}

/** Also the most that a run is late when the copy that made its iteration is gone. */
const LOOK_EVERY_MS = 1_000
const BATCH = 1_000
