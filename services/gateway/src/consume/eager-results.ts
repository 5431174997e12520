import type { Bus, Subscription } from '@millrace/bus'
import type { EagerStarts } from '../operations/eager-starts.ts'

/** What became of executions that engines ran before they were stored. */
export const consumeEagerResults = (
  bus: Bus,
  { eager, processId }: { readonly eager: EagerStarts; readonly processId: string },
): Subscription =>
  bus.onEagerResults(
    processId,
    (results) => eager.heard(results),
    () => eager.nobody(),
  )
