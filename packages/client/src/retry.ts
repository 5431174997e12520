/** How often a request is sent at most, the first time included. */
export const MAX_TRIES = 6

/** First pause between two tries; it doubles up to the longest. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000

/** A server that asks for a longer pause than this is not waited for. */
export const LONGEST_RETRY_AFTER_MS = 60_000

/**
 * How long the answer of an equal request is waited for: one that died leaves its key to the next
 * after 20 s, so that an end of the tries before that would give up what is about to be done.
 */
const UNDER_WAY_PATIENCE_MS = 30_000

/** The answers after which the same request may succeed without a change. */
export function isRetryableStatus(status: number, retryAfterMs: number | null): boolean {
  // 409 with Retry-After: the first request with this Idempotency-Key is still under way.
  // 408: the request did not arrive in time, because one of the two was too busy.
  return (
    status === 408 ||
    status === 429 ||
    status === 503 ||
    status === 502 ||
    status === 504 ||
    (status === 409 && retryAfterMs !== null)
  )
}

/**
 * Milliseconds to wait before the next try, or null to give up.
 * `tried` counts the requests sent so far and `waitedMs` the pauses between them; `underWay` when an
 * equal request is being worked on; `chance` from 0 to 1 spreads many callers apart.
 */
export function pauseBeforeRetry(input: {
  tried: number
  waitedMs: number
  underWay: boolean
  retryAfterMs: number | null
  chance: number
}): number | null {
  const spent = input.underWay ? input.waitedMs >= UNDER_WAY_PATIENCE_MS : input.tried >= MAX_TRIES
  if (spent) return null
  const backOff = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (input.tried - 1))
  const spread = backOff / 2 + (backOff / 2) * input.chance
  if (input.retryAfterMs === null) return spread
  if (input.retryAfterMs > LONGEST_RETRY_AFTER_MS) return null
  return Math.max(input.retryAfterMs, spread)
}

/** Reads a Retry-After header: seconds or an HTTP date, against the server's own Date header. */
export function parseRetryAfter(header: string | null, serverDate: string | null): number | null {
  if (header === null || header.trim() === '') return null
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const until = Date.parse(header)
  const from = serverDate === null ? Number.NaN : Date.parse(serverDate)
  return Number.isNaN(until) || Number.isNaN(from) ? null : Math.max(0, until - from)
}
