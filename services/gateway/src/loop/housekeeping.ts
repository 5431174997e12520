import { type Logger, loop, type Loop } from '@millrace/runtime'
import {
  type Queryable,
  sweepContents,
  sweepKeys,
  sweepSessions,
  sweepWebhookCalls,
} from '@millrace/store'

/**
 * Deletes what has run out: idempotency keys after a day, sessions a month after their end, webhook
 * deliveries that cannot come again, contents that are no file's any more.
 */
export function housekeepingLoop(deps: { db: Queryable; log: Logger }): Loop {
  const { db, log } = deps
  return loop('housekeeping', {
    async run() {
      await sweepKeys(db)
      await sweepSessions(db)
      await sweepWebhookCalls(db)
      await sweepContents(db)
      return EVERY_MS
    },
    onError: (error, { retryMs }) => log.warn({ error, retryMs }, 'housekeeping failed'),
  })
}

const EVERY_MS = 10 * 60_000
