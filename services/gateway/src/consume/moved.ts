import type { Bus, Subscription } from '@millrace/bus'
import type { Context } from '../context.ts'

/** Executions have moved: requests that wait for an end and live views look again. */
export function consumeMoved(
  bus: Bus,
  { waiters, views }: Pick<Context, 'waiters' | 'views'>,
): Subscription {
  return bus.onMoved((items) => {
    waiters.moved(items)
    views.moved(items)
  })
}
