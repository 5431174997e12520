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
 * deliveries that cannot come again, contents that are no file's any more. Each by itself: one that
 * fails does not leave the others undone.
 */
export function housekeepingLoop(deps: { db: Queryable; log: Logger }): Loop {
  const { db, log } = deps
  return loop('housekeeping', {
    async run(signal) {
      const errors: unknown[] = []
      for (const sweep of SWEEPS) {
        if (signal.aborted) break
        await sweep(db, { signal }).catch((error: unknown) => errors.push(error))
      }
      if (errors.length > 0) throw new AggregateError(errors, `${errors.length} sweeps failed`)
      return EVERY_MS
    },
    onError: (error, { retryMs }) => log.warn({ error, retryMs }, 'housekeeping failed'),
  })
}

const SWEEPS = [sweepKeys, sweepSessions, sweepWebhookCalls, sweepContents] as const

const EVERY_MS = 10 * 60_000
