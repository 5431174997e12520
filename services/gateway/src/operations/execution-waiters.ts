import { isEnded } from '@millrace/execution'
import { after, every, type Metrics, ServiceError } from '@millrace/runtime'
import { createBatcher, type Database, type EndedRow, readEnded } from '@millrace/store'
import type { MovedItem } from '@millrace/wire'

/**
 * Requests that wait for the end of an execution. The nudge that it has moved makes its row be read,
 * in one query with all others that ended meanwhile; every second all of them are read again, in case
 * a nudge was lost.
 */
export interface ExecutionWaiters {
  /**
   * Begins to watch; resolves with the ended row, or null when the time is up. Watch before the
   * execution is created: its end may come before the answer to its creation.
   */
  watch(key: { workspaceId: string; executionId: string }): Watch
  /** The nudge: these have moved. */
  moved(items: readonly MovedItem[]): void
  /** Reads whoever is watched again. */
  recheck(): void
  /** Answers all that wait, and all that begin to, with what is known: the process stops. */
  stop(): void
}

export interface Watch {
  readonly key: { readonly workspaceId: string; readonly executionId: string }
  /**
   * At most one call. Throws when `gone` aborts: nobody waits any more, and whoever asks again with the
   * same Idempotency-Key waits anew.
   */
  ended(withinMs: number, gone?: AbortSignal): Promise<EndedRow | null>
  /** Reads it soon, whether or not anything says that it has ended. */
  check(): void
  stop(): void
}

const RECHECK_MS = 1_000
const RECHECK_MAX = 5_000

export function createExecutionWaiters(deps: {
  hot: Database
  metrics: Metrics
  onError: (error: unknown) => void
}): ExecutionWaiters {
  const { hot, metrics, onError } = deps
  const waiting = new Map<string, Waiter[]>()
  const sizes = metrics.histogram(
    'wait_read_size',
    'Ends read per query',
    [],
    [1, 4, 16, 64, 256, 1_024],
  )
  const gauge = metrics.gauge('waiting_requests', 'Requests that wait for an end')

  const reads = createBatcher<Watch['key'], null>({
    run: async (keys) => {
      sizes.observe(keys.length)
      for (const row of await readEnded(hot, keys)) settle(row.id, row)
      return keys.map(() => null)
    },
    bytesOf: () => 64,
  })
  const timer = every(RECHECK_MS, recheck)
  let isStopped = false

  function watch(key: Watch['key']): Watch {
    const waiter: Waiter = { key, row: null, resolve: null }
    const list = waiting.get(key.executionId)
    if (list === undefined) waiting.set(key.executionId, [waiter])
    else list.push(waiter)
    gauge.inc()
    let stopped = false

    function stop(): void {
      if (stopped) return
      stopped = true
      gauge.dec()
      const others = (waiting.get(key.executionId) ?? []).filter((other) => other !== waiter)
      if (others.length === 0) waiting.delete(key.executionId)
      else waiting.set(key.executionId, others)
    }
    return {
      key,
      stop,
      check: () => read(key),
      ended: (withinMs, gone) =>
        new Promise((resolve, reject) => {
          if (waiter.row !== null || withinMs <= 0 || isStopped || gone?.aborted === true) {
            stop()
            return gone?.aborted === true ? reject(left()) : resolve(waiter.row)
          }
          const late = after(withinMs, () => waiter.resolve?.(null))
          const leave = (): void => {
            over()
            reject(left())
          }
          const over = (): void => {
            late.cancel()
            gone?.removeEventListener('abort', leave)
            stop()
          }
          gone?.addEventListener('abort', leave, { once: true })
          waiter.resolve = (row) => {
            over()
            resolve(row)
          }
        }),
    }
  }

  function read(key: Watch['key']): void {
    reads.add(key).catch(onError)
  }

  function settle(id: string, row: EndedRow): void {
    for (const waiter of waiting.get(id) ?? []) {
      waiter.row = row
      waiter.resolve?.(row)
    }
  }

  function recheck(): void {
    // While one is under way, another would only pile up behind it.
    if (reads.size > RECHECK_MAX) return
    let count = 0
    for (const list of waiting.values()) {
      const [first] = list
      if (first !== undefined) read(first.key)
      count += 1
      if (count >= RECHECK_MAX) return
    }
  }

  return {
    watch,
    moved(items) {
      if (waiting.size === 0) return
      for (const item of items) {
        if (isEnded(item.status) && waiting.has(item.executionId)) read(item)
      }
    },
    recheck,
    stop() {
      isStopped = true
      timer.cancel()
      for (const list of [...waiting.values()]) for (const waiter of list) waiter.resolve?.(null)
    },
  }
}

const left = (): ServiceError =>
  new ServiceError('unavailable', 'Whoever asked has gone before the end.', {
    details: { httpStatus: 499 },
  })

interface Waiter {
  readonly key: Watch['key']
  /** The end, when it came before anybody asked for it. */
  row: EndedRow | null
  resolve: ((row: EndedRow | null) => void) | null
}
