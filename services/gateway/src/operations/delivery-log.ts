import { type Logger, type Metrics, monotonicMs } from '@millrace/runtime'
import { createBatcher, type Database, insertDeliveries, type NewDelivery } from '@millrace/store'

/**
 * Notes what came of calls, for whoever sets up a sender. After the fact and never waited for: a
 * crash loses lines of this list and nothing else. Strangers who knock all the time fill neither
 * memory nor disk: refusals of one webhook are noted ten times a second, and lines that pile up are
 * dropped.
 */
export interface DeliveryLog {
  note(delivery: NewDelivery): void
  idle(): Promise<void>
}

const REFUSALS_PER_SECOND = 10
const PENDING_MAX = 5_000

export function createDeliveryLog(deps: {
  readonly api: Database
  readonly log: Logger
  readonly metrics: Metrics
}): DeliveryLog {
  const { api, log, metrics } = deps
  const dropped = metrics.counter(
    'webhook_deliveries_dropped_total',
    'Calls that the list of deliveries leaves out',
  )
  const batcher = createBatcher<NewDelivery, null>({
    run: async (deliveries) => {
      await insertDeliveries(api, deliveries)
      return deliveries.map(() => null)
    },
    bytesOf: ({ path, detail }) => 256 + path.length + (detail?.length ?? 0),
  })
  let second = 0
  const refused = new Map<string, number>()

  function isTooMany({ webhookId, outcome }: NewDelivery): boolean {
    if (batcher.size >= PENDING_MAX) return true
    if (outcome !== 'refused') return false
    const at = Math.floor(monotonicMs() / 1_000)
    if (at !== second) refused.clear()
    second = at
    const count = (refused.get(webhookId) ?? 0) + 1
    refused.set(webhookId, count)
    return count > REFUSALS_PER_SECOND
  }

  return {
    note(delivery) {
      if (isTooMany(delivery)) {
        dropped.inc()
        return
      }
      batcher.add(delivery).catch((error: unknown) => {
        dropped.inc()
        log.debug({ error }, 'a delivery was not noted')
      })
    },
    idle: () => batcher.idle(),
  }
}
