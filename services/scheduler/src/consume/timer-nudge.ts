import type { Bus, Subscription } from '@millrace/bus'
import type { Timers } from '../loop/timers.ts'

export function consumeTimerNudge(bus: Bus, timers: Pick<Timers, 'noteDue'>): Subscription {
  return bus.onTimerNudge((dueAt) => timers.noteDue(dueAt))
}
