import type { Bus, Subscription } from '@millrace/bus'
import type { Cascade } from '../resolve/cascade.ts'
import type { DependencyResolver } from '../resolve/dependencies.ts'
import type { Schedules } from '../schedules/schedules.ts'

/** Executions have ended: who waits for them is looked for, and what hung on cancelled ones goes too. */
export function consumeEnded(
  bus: Bus,
  resolvers: {
    readonly dependencies: Pick<DependencyResolver, 'noteEnded'>
    readonly cascade: Pick<Cascade, 'noteCancelled'>
    readonly schedules: Pick<Schedules, 'noteEnded'>
  },
): Subscription {
  return bus.onEnded((items) => {
    resolvers.dependencies.noteEnded(items)
    resolvers.schedules.noteEnded(items)
    resolvers.cascade.noteCancelled(items.filter(({ status }) => status === 'ENDED_CANCELLED'))
  })
}
