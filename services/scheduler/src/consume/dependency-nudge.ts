import type { Bus, Subscription } from '@millrace/bus'
import type { DependencyResolver } from '../resolve/dependencies.ts'

/** Waits were opened on executions that existed before, and may have ended already. */
export function consumeDependencyNudge(
  bus: Bus,
  dependencies: Pick<DependencyResolver, 'noteWaits'>,
): Subscription {
  return bus.onDependencyNudge((items) => dependencies.noteWaits(items))
}
