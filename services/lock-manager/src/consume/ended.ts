import type { Bus, Subscription } from '@millrace/bus'
import { createBatcher, type Database, type ExecutionKey, locksHeldBy } from '@millrace/store'
import type { LockServer } from '../serve/lock-server.ts'

/**
 * Executions have ended: what they still hold is free. Every lock-manager hears it and serves the
 * locks of its own shards. Ends that nobody announces are found by the sweep.
 */
export function consumeEnded(
  bus: Bus,
  db: Database,
  server: Pick<LockServer, 'note'>,
): Subscription {
  // Thousands may end in a second, and few of them hold anything: one question for all of a moment.
  const ended = createBatcher<readonly ExecutionKey[], null>({
    async run(batches) {
      server.note(await locksHeldBy(db, batches.flat()))
      return batches.map(() => null)
    },
    bytesOf: (keys) => keys.length * 100,
  })
  return bus.onEndedAll(async (items) => {
    await ended.add(items)
  })
}
