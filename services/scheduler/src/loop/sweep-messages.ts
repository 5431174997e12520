import type { Loop } from '@millrace/runtime'
import { closeMessages, type MessageKey, sweepMessages } from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import { walkLoop } from './walk.ts'

/**
 * Writes down that messages are closed whose wait is gone: by an end, a timeout, a revert. They are
 * closed from that moment on for everybody who asks; this keeps the index of open ones short.
 */
export function sweepMessagesLoop(context: SchedulerContext): Loop {
  const { config, db, metrics, shards } = context
  return walkLoop<MessageKey>('sweep messages', context, {
    async page(after) {
      const page = await sweepMessages(db, { ...shards.fence(), after, limit: config.sweepPage })
      if (page.finds.length === 0) return page.next
      const closed = await closeMessages(db, page.finds)
      metrics.finds.inc({ find: 'closed message' }, closed.length)
      return page.next
    },
    // Nobody waits for it.
    patience: () => 10,
  })
}
