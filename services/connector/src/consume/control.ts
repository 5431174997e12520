import type { Bus, Subscription } from '@millrace/bus'
import type { Runner } from '../run/runner.ts'

/** Somebody cancelled, paused or gave back an execution. A lost nudge is made up for by the watch. */
export function consumeControl(
  bus: Bus,
  { runner, processId }: { readonly runner: Runner; readonly processId: string },
): Subscription {
  return bus.onControl(processId, async (items) => {
    for (const item of items) await runner.control(item)
  })
}
