import { loop, type Loop } from '@millrace/runtime'
import { nextDueMessageMs } from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'

/**
 * Carries out the plans of messages that nobody answers. Without nudges: their steps are minutes and
 * days apart, and a nudge for each timer of everybody would cost more than this look.
 */
export function messagesLoop(context: SchedulerContext): Loop {
  const { db, log, shards } = context
  return loop('messages', {
    async run() {
      const fence = shards.fence()
      if (fence.held.length === 0) return LOOK_EVERY_MS
      const held = fence.held.map(({ shard }) => shard)
      const inMs = (await nextDueMessageMs(db, held)) ?? Infinity
      if (inMs > 0) return Math.ceil(Math.min(inMs, LOOK_EVERY_MS))
      // Loaded by the first message that is due, as the engine does.
      const { advanceMessages } = await import('../message/advance-messages.ts')
      const taken = await advanceMessages(context, { ...fence, limit: BATCH })
      // Due and not to be had: another has it locked, or our lease has run out.
      return taken === 0 ? STUCK_MS : 0
    },
    onError: retryLogger(log),
  })
}

const BATCH = 100
// Also the most that a step is late.
const LOOK_EVERY_MS = 4_000
const STUCK_MS = 500
