import type { Calendar } from './calendar.ts'
import { jitteredStart } from './jitter.ts'

export interface IterationFacts {
  readonly scheduleId: string
  readonly calendar: Calendar
  readonly decidedUntilMs: number
  readonly jitterMs: number
  /** After an error or a cancel: not before this. */
  readonly notBeforeMs: number | null
  /** For an interval from the end of a run: what has not ended. Else empty. */
  readonly running: readonly string[]
}

/** What the next iteration of a schedule waits for. */
export type NextIteration =
  /** Nothing: the schedule has come to its end. */
  | { readonly kind: 'finished' }
  | {
      readonly kind: 'time'
      readonly plannedMs: number
      readonly startMs: number
      readonly jitterMs: number
    }
  /** The ends of these, from which its interval counts. */
  | { readonly kind: 'ends'; readonly executionIds: readonly string[] }

export function nextIteration(facts: IterationFacts): NextIteration {
  const { scheduleId, calendar, decidedUntilMs, notBeforeMs, running } = facts
  if (calendar.isEstimate && running.length > 0) return { kind: 'ends', executionIds: running }
  const plannedMs = calendar.next(decidedUntilMs)
  if (plannedMs === null) return { kind: 'finished' }
  const startMs = jitteredStart({
    scheduleId,
    plannedMs,
    jitterMs: facts.jitterMs,
    nextPlannedMs: calendar.isEstimate ? null : calendar.next(plannedMs),
  })
  return {
    kind: 'time',
    plannedMs,
    startMs: Math.max(startMs, notBeforeMs ?? startMs),
    jitterMs: startMs - plannedMs,
  }
}
