import { type Static, Type } from 'typebox'
import { CATCH_UP, type CatchUp } from './catch-up.ts'
import type { Problem } from './check-timing.ts'
import { OVERLAP, type Overlap } from './overlap.ts'

/** A year, as people mean it who say that nothing may be lost. */
const WINDOW_SECONDS = 31_536_000

const Time = Type.String({ format: 'date-time', description: 'RFC 3339, with zone' })
const OptionalTime = Type.Optional(Type.Union([Time, Type.Null()]))

/** What surrounds the timing of a schedule, as the API takes it; fields for an object of its own. */
export const policyFields = {
  catch_up: Type.Optional(
    Type.Enum(CATCH_UP, {
      default: 'none',
      description: 'which missed times are run: none, the last one, or all in the window',
    }),
  ),
  catch_up_window_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 315_360_000,
      default: WINDOW_SECONDS,
      description: 'how far back missed times are run; default a year',
    }),
  ),
  overlap: Type.Optional(
    Type.Enum(OVERLAP, {
      default: 'skip',
      description: 'what happens to a run that is due while an earlier one has not ended',
    }),
  ),
  jitter_seconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 86_400,
      default: 0,
      description: 'a run starts up to this much later, never past the next planned time',
    }),
  ),
  starts_at: OptionalTime,
  ends_at: OptionalTime,
} as const

const PolicyInput = Type.Object(policyFields)
export type PolicyInput = Static<typeof PolicyInput>

/** A policy with its defaults, in milliseconds. */
export interface Policy {
  readonly catchUp: CatchUp
  readonly catchUpWindowMs: number
  readonly overlap: Overlap
  readonly jitterMs: number
  /** The first and the last moment at which the schedule may fire; null is no bound. */
  readonly startsAtMs: number | null
  readonly endsAtMs: number | null
}

/** A policy that its schema has accepted, read. */
export function toPolicy(input: PolicyInput): Policy {
  return {
    catchUp: input.catch_up ?? 'none',
    catchUpWindowMs: (input.catch_up_window_seconds ?? WINDOW_SECONDS) * 1_000,
    overlap: input.overlap ?? 'skip',
    jitterMs: (input.jitter_seconds ?? 0) * 1_000,
    startsAtMs: momentOf(input.starts_at),
    endsAtMs: momentOf(input.ends_at),
  }
}

/** What a schema cannot say: that the times are in order. */
export function checkPolicy(input: PolicyInput): readonly Problem[] {
  const { startsAtMs, endsAtMs } = toPolicy(input)
  return startsAtMs !== null && endsAtMs !== null && endsAtMs < startsAtMs
    ? [{ pointer: '/ends_at', message: 'must not be earlier than starts_at' }]
    : []
}

const momentOf = (text: string | null | undefined): number | null =>
  text === null || text === undefined ? null : Date.parse(text)
