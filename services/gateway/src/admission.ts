import { type Metrics, monotonicMs, ServiceError, soon } from '@millrace/runtime'
import type { NewExecution } from '@millrace/store'
import type { ExecutionCreator } from './operations/execution-creator.ts'

/**
 * The door for new executions. What is accepted is committed at once with all that wait, so what can
 * pile up is this process's own: rows that wait for their commit, bodies in memory, requests that
 * wait for an end. At a limit the next request is refused before anything is done for it; nothing
 * that was let in is dropped.
 *
 * Executions that are committed and not yet started are no limit: they are rows in Postgres, cost no
 * memory here, and a batch of 10,000 is meant to be longer than the engines need for a moment.
 */
export interface Admission {
  /**
   * Before a request is read: throws `limited`, naming the limit, when there is no room for it, and
   * otherwise counts its body, and whether it waits for an end, until the returned function is called.
   */
  enter(request: { readonly bytes: number; readonly waits: boolean }): () => void
  /** Before the body of what starts nothing is read: throws `limited` where bodies together are too many. */
  hold(bytes: number): () => void
  /** Before anything is done for one that starts so many: throws `limited` likewise. */
  check(rows: number): void
  /** The same creator, whose rows count while they wait for their commit. */
  watch(creator: ExecutionCreator): ExecutionCreator
}

export interface AdmissionLimits {
  /** Executions that wait for their commit. */
  readonly rows: number
  /** How long the oldest of them may have waited: a Postgres or an event loop that falls behind. */
  readonly ageMs: number
  /** Bodies of such requests in memory, those still being read included. */
  readonly bodyBytes: number
  /** How long the event loop may have taken requests without a pause: the next ones wait in their sockets. */
  readonly busyMs: number
  /** Requests that start an execution and wait for its end. */
  readonly waiting: number
}

/**
 * A queue of rows takes two of the largest batches, which is about a second of commits; bytes, two of
 * the largest bodies. The age is above what one large body or a checkpoint takes on a busy machine.
 */
export const ADMISSION_DEFAULTS: AdmissionLimits = {
  rows: 20_000,
  ageMs: 5_000,
  busyMs: 1_000,
  bodyBytes: 128 * 1_048_576,
  waiting: 4_096,
}

export function createAdmission(deps: { limits: AdmissionLimits; metrics: Metrics }): Admission {
  const { limits, metrics } = deps
  const refusals = metrics.counter('create_refused_total', 'Requests refused for load', ['limit'])
  /** In the order in which they came: the first is the oldest. */
  const pending = new Set<{ readonly rows: number; readonly since: number }>()
  let rows = 0
  let bytes = 0
  let waiting = 0
  /** When the event loop began to take the requests that it takes now; null between two rounds. */
  let roundSince: number | null = null

  function check(wanted: number): void {
    // A batch that is larger than the limit by itself gets in when it is alone.
    if (rows > 0 && rows + wanted > limits.rows) refuse('rows')
    const [oldest] = pending
    if (oldest !== undefined && monotonicMs() - oldest.since > limits.ageMs) refuse('ageMs')
  }

  function enter(request: { bytes: number; waits: boolean }): () => void {
    const waits = request.waits ? 1 : 0
    if (busyForMs() > limits.busyMs) refuse('busyMs')
    check(1)
    if (waits > 0 && waiting >= limits.waiting) refuse('waiting')
    const letGo = hold(request.bytes)
    waiting += waits
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      letGo()
      waiting -= waits
    }
  }

  function hold(size: number): () => void {
    // So does a body; and what has none adds nothing.
    if (size > 0 && bytes > 0 && bytes + size > limits.bodyBytes) refuse('bodyBytes')
    bytes += size
    let isHeld = true
    return () => {
      if (isHeld) bytes -= size
      isHeld = false
    }
  }

  /**
   * A round takes all that has come meanwhile, however much that is. Refusing costs a fraction of
   * accepting: it ends a round that is too long, and so bounds the wait of those in the next.
   */
  function busyForMs(): number {
    const at = monotonicMs()
    if (roundSince === null) {
      roundSince = at
      soon(() => (roundSince = null))
    }
    return at - roundSince
  }

  function refuse(limit: keyof AdmissionLimits): never {
    refusals.labels(limit).inc()
    throw new ServiceError('limited', REFUSALS[limit](limits[limit]), {
      details: { retryAfterSeconds: RETRY_AFTER_SECONDS, limit: VARIABLES[limit] },
    })
  }

  async function pend<T>(count: number, work: () => Promise<T>): Promise<T> {
    const one = { rows: count, since: monotonicMs() }
    pending.add(one)
    rows += count
    try {
      return await work()
    } finally {
      pending.delete(one)
      rows -= count
    }
  }

  return {
    enter,
    hold,
    check,
    watch: (creator) => ({
      create: (item: NewExecution) => pend(1, () => creator.create(item)),
      createAll: (items: readonly NewExecution[]) =>
        pend(items.length, () => creator.createAll(items)),
      announce: (items) => creator.announce(items),
      get size() {
        return rows
      },
      idle: () => creator.idle(),
    }),
  }
}

// A full queue is about a second of commits.
const RETRY_AFTER_SECONDS = 1

const VARIABLES: Readonly<Record<keyof AdmissionLimits, string>> = {
  rows: 'MILLRACE_CREATE_QUEUE_ROWS',
  ageMs: 'MILLRACE_CREATE_QUEUE_MS',
  bodyBytes: 'MILLRACE_CREATE_QUEUE_MIB',
  busyMs: 'MILLRACE_BUSY_MS',
  waiting: 'MILLRACE_WAITING_REQUESTS',
}

const REFUSALS: Readonly<Record<keyof AdmissionLimits, (limit: number) => string>> = {
  rows: (limit) =>
    `With these, more than ${limit} executions would wait to be stored. None was started: try again after the time in Retry-After, or with fewer at once.`,
  ageMs: (limit) =>
    `Executions wait longer than ${limit} ms to be stored. None was started: try again after the time in Retry-After.`,
  busyMs: (limit) =>
    `More requests come than this gateway takes: it has been busy for ${limit} ms without a pause. Nothing was started: try again after the time in Retry-After.`,
  bodyBytes: (limit) =>
    `With this, bodies of more than ${limit / 1_048_576} MiB would be under way. Nothing was started: try again after the time in Retry-After, or with smaller inputs.`,
  waiting: (limit) =>
    `${limit} requests wait for the end of what they started already. Nothing was started: start it without wait and ask for it later, or try again after the time in Retry-After.`,
}
