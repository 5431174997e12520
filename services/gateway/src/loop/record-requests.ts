import { loop } from '@millrace/runtime'
import { type AskedOfRecords, readRecordRequests } from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { Context } from '../context.ts'
import {
  answerRecordRequest,
  gaveUp,
  refuseRecordRequest,
} from '../operations/answer-record-request.ts'

/** Does what the code of executions asks of records. */
export interface RecordRequests {
  /** These executions have opened RECORD waits. Hints: what is lost here the sweep brings again. */
  note(keys: Iterable<ExecutionKey>): void
  start(): void
  stop(): Promise<void>
}

/**
 * Several at a time, each of them an execution's requests in their order. One that fails is tried again
 * a few times; then the call throws, so that no flow waits for ever for what cannot be done.
 */
export function createRecordRequests(context: Context): RecordRequests {
  const { api, log, metrics } = context
  const waiting = new Map<string, ExecutionKey>()
  /** By request, of those that have failed so far. */
  const failures = new Map<string, number>()
  const done = metrics.counter(
    'record_requests_total',
    'What executions have asked of records, by what became of it',
    ['action', 'outcome'],
  )

  const lanes = Array.from({ length: LANES }, (_, index) =>
    loop(`record requests ${index + 1}`, {
      run,
      onError: (error, { retryMs }) =>
        log.warn({ error, retryMs }, 'a request of an execution for records was not answered'),
    }),
  )

  async function run(): Promise<number | void> {
    const keys = [...waiting.values()].slice(0, BATCH)
    if (keys.length === 0) return
    for (const { executionId } of keys) waiting.delete(executionId)
    try {
      for (const asked of await readRecordRequests(api, keys)) await answerOne(asked)
    } catch (error) {
      for (const key of keys) waiting.set(key.executionId, key)
      throw error
    }
    return waiting.size > 0 ? 0 : undefined
  }

  async function answerOne(asked: AskedOfRecords): Promise<void> {
    const id = `${asked.executionId}/${asked.seq}`
    const { action } = asked.request
    try {
      await answerRecordRequest(context, asked)
      failures.delete(id)
      done.inc({ action, outcome: 'answered' })
    } catch (error) {
      const count = (failures.get(id) ?? 0) + 1
      if (failures.size > FAILURES_MAX) failures.clear()
      failures.set(id, count)
      if (count < TRIES) throw error
      log.error(
        { error, ...asked, request: undefined, action },
        'a request for records was given up',
      )
      await refuseRecordRequest(context, asked, gaveUp(asked))
      failures.delete(id)
      done.inc({ action, outcome: 'gave up' })
    }
  }

  return {
    note(keys) {
      for (const key of keys) if (waiting.size < WAITING_MAX) waiting.set(key.executionId, key)
      for (const lane of lanes) lane.wake()
    },
    start() {
      for (const lane of lanes) lane.start()
    },
    async stop() {
      await Promise.all(lanes.map((lane) => lane.stop()))
    },
  }
}

/** Half of the connections that a gateway has for what people ask, as it is set up by default. */
const LANES = 4
const BATCH = 16
const TRIES = 5
const FAILURES_MAX = 10_000
const WAITING_MAX = 100_000
