import type { Calendar } from './calendar.ts'
import { type CatchUp, decideDue, type Dropped, ON_TIME_MS } from './catch-up.ts'
import type { DueTime } from './decide-runs.ts'
import type { Overlap } from './overlap.ts'

export interface FireFacts {
  readonly calendar: Calendar
  readonly decidedUntilMs: number
  readonly nowMs: number
  /** How much later than planned the iteration was to start: that much late is in time. */
  readonly jitterMs: number
  readonly catchUp: CatchUp
  readonly catchUpWindowMs: number
  readonly overlap: Overlap
  /** When a pause ended that nobody has decided about yet; null: there was none. */
  readonly resumedAtMs: number | null
}

export interface FireDecision {
  readonly due: readonly DueTime[]
  readonly dropped: readonly Dropped[]
  readonly decidedUntilMs: number
}

/**
 * Which times are to run now that an iteration has waited for its own. Who asks for all missed times
 * gets all of them: one after the other where they would otherwise be skipped because of the first.
 */
export function decideFire(facts: FireFacts): FireDecision {
  const { catchUp, jitterMs, overlap } = facts
  // Everything is seen from the planned time. The next one is later than the start, so that nothing
  // is passed over, and a pause that was over before the start has made nobody miss it.
  const nowMs = facts.nowMs - jitterMs
  const resumedAtMs = facts.resumedAtMs === null ? null : facts.resumedAtMs - jitterMs
  const decision = decideDue({ ...facts, nowMs, resumedAtMs })
  const lateBeforeMs = Math.max(nowMs - ON_TIME_MS, resumedAtMs ?? 0)
  const madeUp: Overlap =
    catchUp === 'all' && (overlap === 'skip' || overlap === 'queue_one') ? 'queue_all' : overlap
  return {
    due: decision.run.map((plannedMs) => ({
      plannedMs,
      overlap: plannedMs < lateBeforeMs ? madeUp : overlap,
    })),
    dropped: decision.dropped,
    decidedUntilMs: decision.decidedUntilMs,
  }
}
