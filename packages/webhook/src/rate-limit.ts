/** How often a webhook may start something; the field `rate_limit` of its record. */
export interface RateLimit {
  /** So many calls … */
  readonly calls: number
  /** … in so many seconds, spread evenly. */
  readonly per_seconds: number
  /** So many at once after a rest; default `calls`. */
  readonly burst?: number
}

/** What a token bucket holds, and when that was counted (ms since 1970). */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

export interface Take {
  readonly isAllowed: boolean
  /** To be stored in place of the one before, also after a refusal. */
  readonly bucket: Bucket
  /** 0 when allowed; else after how many seconds a token is there, if nobody else takes it. */
  readonly retryAfterSeconds: number
}

/**
 * Takes one token. A bucket that was never stored is full, and so is one after a long rest; a clock
 * that goes back adds nothing and takes nothing away.
 */
export function takeToken(limit: RateLimit, bucket: Bucket | null, now: number): Take {
  const burst = limit.burst ?? limit.calls
  const perMs = limit.calls / (limit.per_seconds * 1_000)
  const before = bucket ?? { tokens: burst, at: now }
  const at = Math.max(before.at, now)
  const tokens = Math.min(burst, before.tokens + (at - before.at) * perMs)
  if (tokens + ROUNDING >= 1)
    return {
      isAllowed: true,
      bucket: { tokens: Math.max(0, tokens - 1), at },
      retryAfterSeconds: 0,
    }
  const waitMs = (1 - ROUNDING / 2 - tokens) / perMs + (at - now)
  return {
    isAllowed: false,
    bucket: { tokens, at },
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
  }
}

/** Sums of fractions of a token miss 1 by less than this. */
const ROUNDING = 1e-9
