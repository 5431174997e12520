import type { Bus, Subscription } from '@millrace/bus'
import type { Eager } from '../run/eager.ts'

/** Takes executions that are not stored yet. A lost one is started by its gateway as any other. */
export const consumeEager = (bus: Bus, { eager }: { readonly eager: Eager }): Subscription =>
  bus.onEager((batch) => eager.submit(batch))
