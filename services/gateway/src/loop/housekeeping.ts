import { type Logger, loop, type Loop } from '@millrace/runtime'
import { type Queryable, sweepKeys, sweepSessions } from '@millrace/store'

/** Deletes what has run out: idempotency keys after a day, sessions a month after their end. */
export function housekeepingLoop(deps: { db: Queryable; log: Logger }): Loop {
  const { db, log } = deps
  return loop('housekeeping', {
    async run() {
      await sweepKeys(db)
      await sweepSessions(db)
      return EVERY_MS
    },
    onError: (error, { retryMs }) => log.warn({ error, retryMs }, 'housekeeping failed'),
  })
}

const EVERY_MS = 10 * 60_000
