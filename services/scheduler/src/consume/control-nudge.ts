import type { Bus, Subscription } from '@millrace/bus'
import type { Controls } from '../resolve/controls.ts'

export function consumeControlNudge(bus: Bus, controls: Pick<Controls, 'note'>): Subscription {
  return bus.onControlNudge((items) => controls.note(items))
}
