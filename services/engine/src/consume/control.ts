import type { Bus, Subscription } from '@millrace/bus'
import type { Runner } from '../run/runner.ts'

/** Somebody cancelled, paused or took over an execution: what is here of it must not go on. */
export function consumeControl(
  bus: Bus,
  { runner, processId }: { readonly runner: Runner; readonly processId: string },
): Subscription {
  return bus.onControl(processId, (items) => {
    for (const { executionId } of items) runner.letGo(executionId)
  })
}
