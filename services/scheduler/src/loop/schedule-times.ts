import { loop, type Loop, now } from '@millrace/runtime'
import { dueIterations, nextIterationMs } from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'
import type { Schedules } from '../schedules/schedules.ts'
import type { Timers } from './timers.ts'

/**
 * Sees to schedules whose time has come, and sleeps until the next one. As with timers, Postgres's clock
 * judges; this process's says when to look again.
 */
export function scheduleTimesLoop(
  { db, log, shards }: Pick<SchedulerContext, 'db' | 'log' | 'shards'>,
  schedules: Pick<Schedules, 'note'>,
): Loop & Pick<Timers, 'noteDue'> {
  let nextAt = 0

  const times = loop('schedule times', {
    async run() {
      const held = shards.fence().held.map(({ shard }) => shard)
      if (held.length === 0) return LOOK_EVERY_MS
      nextAt = 0
      const due = await dueIterations(db, { shards: held, limit: BATCH })
      schedules.note(due)
      const inMs = (await nextIterationMs(db, held)) ?? Infinity
      // Those that are due and stay so, such as paused ones, are looked at again that often.
      const delayMs = Math.ceil(Math.min(Math.max(inMs, 1), LOOK_EVERY_MS))
      nextAt = now() + delayMs
      return delayMs
    },
    onError: retryLogger(log),
  })

  return {
    ...times,
    noteDue(dueAt) {
      if (dueAt < nextAt + SKEW_MS) times.wake()
    },
  }
}

const LOOK_EVERY_MS = 1_000
const BATCH = 1_000
// As in timers.ts: clocks of other machines.
const SKEW_MS = 100
