/**
 * The process's clock and timers: the one module that reads them. Leases and due times are judged by
 * Postgres's clock, never by this one; this one is for deadlines of calls, logs and intervals.
 */

/** ms since 1970. May jump. */
export const now = (): number => source.now()

/** ms since the process started, with fractions. Never jumps: for durations. */
export const monotonicMs = (): number => source.monotonicMs()

/** What time and timers come from: the machine, or the simulation's stepped clock. */
export interface ClockSource {
  now(): number
  monotonicMs(): number
  /** `repeats`: again every `ms`, until it is cancelled. */
  timer(ms: number, fn: () => void, repeats: boolean): Timer
  /** Once what has arrived has been taken. */
  soon(fn: () => void): void
}

/** Puts another clock in place, for the whole process: for the simulation alone. */
export function useClock(other: ClockSource): void {
  source = other
}

export interface Timer {
  /** Harmless when it has fired or was cancelled. */
  cancel(): void
  /** Lets the process end before it fires. */
  unref(): void
}

/** Resolves after `ms`; rejects with the signal's reason when that is aborted first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(reasonOf(signal))
    const timer = after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    const abort = (): void => {
      timer.cancel()
      reject(signal === undefined ? undefined : reasonOf(signal))
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/**
 * Calls `fn` once, after `ms`, however far that is. Keeps the process alive until then: whoever asked
 * for it waits for it.
 */
export const after = (ms: number, fn: () => void): Timer => source.timer(ms, fn, false)

/** Calls `fn` every `ms` until cancelled. Does not keep the process alive. */
export const every = (ms: number, fn: () => void): Timer => source.timer(ms, fn, true)

/**
 * Calls `fn` when everything that has reached this process so far has been taken: what comes from
 * many sockets at once can go on together.
 */
export const soon = (fn: () => void): void => source.soon(fn)

let source: ClockSource = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer: (ms, fn, repeats) => (repeats ? repeated(ms, fn) : once(ms, fn)),
  soon: (fn) => void setImmediate(fn),
}

function once(ms: number, fn: () => void): Timer {
  let handle: NodeJS.Timeout | null = null
  let keepsAlive = true
  arm(Math.max(0, ms))
  return {
    cancel() {
      if (handle !== null) clearTimeout(handle)
    },
    unref() {
      keepsAlive = false
      handle?.unref()
    },
  }

  function arm(left: number): void {
    const step = Math.min(left, TIMER_MAX_MS)
    handle = setTimeout(() => (left > step ? arm(left - step) : fn()), step)
    if (!keepsAlive) handle.unref()
  }
}

function repeated(ms: number, fn: () => void): Timer {
  const handle = setInterval(fn, Math.min(ms, TIMER_MAX_MS))
  handle.unref()
  return { cancel: () => clearInterval(handle), unref: () => undefined }
}

// Beyond 2^31 - 1 ms Node fires at once.
const TIMER_MAX_MS = 2_147_483_647

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason })
