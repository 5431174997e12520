import type { Bus, Subscription } from '@millrace/bus'
import { type Database, locksHeldBy } from '@millrace/store'
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
  return bus.onEndedAll(async (items) => server.note(await locksHeldBy(db, items)))
}
