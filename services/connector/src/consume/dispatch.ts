import type { Bus, Subscription } from '@millrace/bus'
import type { Runner } from '../run/runner.ts'

/**
 * Takes ready connections from the pool. A batch is acknowledged when each of it is claimed, since
 * the claim is what survives this process from then on. One of which something is left at a stop is
 * another's at once.
 */
export function consumeDispatch(
  bus: Bus,
  { runner, maxItems }: { readonly runner: Runner; readonly maxItems: number },
): Subscription {
  return bus.consumeDispatch('connector', { maxItems }, ({ items, done, back }) => {
    void Promise.all(items.map((item) => runner.submit(item))).then((submitted) =>
      submitted.includes('left') ? back() : done(),
    )
  })
}
