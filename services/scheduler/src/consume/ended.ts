import type { Bus, Subscription } from '@millrace/bus'
import type { Cascade } from '../resolve/cascade.ts'
import type { DependencyResolver } from '../resolve/dependencies.ts'

/** Executions have ended: who waits for them is looked for, and what hung on cancelled ones goes too. */
export function consumeEnded(
  bus: Bus,
  resolvers: {
    readonly dependencies: Pick<DependencyResolver, 'noteEnded'>
    readonly cascade: Pick<Cascade, 'noteCancelled'>
  },
): Subscription {
  return bus.onEnded((items) => {
    resolvers.dependencies.noteEnded(items)
    resolvers.cascade.noteCancelled(items.filter(({ status }) => status === 'ENDED_CANCELLED'))
  })
}
