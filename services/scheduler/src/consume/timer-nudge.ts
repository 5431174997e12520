import type { Bus, Subscription } from '@millrace/bus'
import type { Timers } from '../loop/timers.ts'

/** A time was set: for a timer, or for the next iteration of a schedule. */
export function consumeTimerNudge(
  bus: Bus,
  ...listeners: readonly Pick<Timers, 'noteDue'>[]
): Subscription {
  return bus.onTimerNudge((dueAt) => {
    for (const listener of listeners) listener.noteDue(dueAt)
  })
}
