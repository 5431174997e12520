import { collectResponses, putPayloads, type WaitKey } from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import { answer } from './answer.ts'
import { createBacklog } from './backlog.ts'

/**
 * Answers waits for messages that are open no more: answered or closed while the wait was on its way,
 * or closed because who asked has stopped waiting. The usual answer comes from the gateway itself.
 *
 * Any copy may work on any wait: deleting it is what makes an answer the only one.
 */
export interface Responses {
  /** These waits may be decided already. */
  noteWaits(keys: readonly WaitKey[]): void
  start(): void
  stop(): Promise<void>
}

export function createResponses(context: SchedulerContext): Responses {
  const { db, log, metrics } = context
  const hints = createBacklog<WaitKey>({
    name: 'responses',
    log,
    keyOf: (wait) => `${wait.executionId}/${wait.seq}`,
    maxItems: HINTS_MAX,
    async run(waits) {
      const { answers, payloads } = await collectResponses(db, waits)
      await putPayloads(db, payloads)
      await answer(context, 'response', answers)
      metrics.resolved.inc({ kind: 'RESPONSE' }, answers.length)
    },
  })
  return {
    noteWaits: (keys) => hints.add(keys),
    start: hints.start,
    stop: hints.stop,
  }
}

// Each may bring a response of 256 KiB.
const HINTS_MAX = 100
