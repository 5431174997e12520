import type { Bus, Subscription } from '@millrace/bus'
import type { Runner } from '../run/runner.ts'

/**
 * Takes ready executions from the pool. A batch is acknowledged when all of it has been dealt with:
 * what an engine had in hand when it died is delivered to another one.
 */
export function consumeDispatch(
  bus: Bus,
  { runner, maxItems }: { readonly runner: Runner; readonly maxItems: number },
): Subscription {
  return bus.consumeDispatch('engine', { maxItems }, ({ items, done }) => {
    void Promise.all(items.map((item) => runner.submit(item))).then(done)
  })
}
