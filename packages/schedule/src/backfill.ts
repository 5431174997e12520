import type { Calendar } from './calendar.ts'
import type { Problem } from './check-timing.ts'
import { type PlannedTime, plannedTime } from './preview.ts'

export interface BackfillFacts {
  readonly calendar: Calendar
  /** The first and the last moment of the past to run again, both included. */
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
  /** How many runs at most; 1,000 when absent. */
  readonly limit?: number
}

export type BackfillPlan =
  | {
      readonly kind: 'plan'
      readonly times: readonly PlannedTime[]
      /** Where a second backfill goes on when there are more than `limit`; null: these are all. */
      readonly continueFromMs: number | null
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

/** The runs of a backfill, oldest first: shown by its dry run, started by the real one. */
export function planBackfill(facts: BackfillFacts): BackfillPlan {
  const { calendar, fromMs, toMs, nowMs, limit = LIMIT } = facts
  const problems: Problem[] = []
  if (calendar.isEstimate)
    problems.push({
      pointer: '',
      message:
        'has no times to run again: its interval counts from the end of each run; start single runs, or use anchor "start"',
    })
  if (fromMs > toMs) problems.push({ pointer: '/from', message: 'must not be later than to' })
  if (toMs > nowMs)
    problems.push({
      pointer: '/to',
      message: 'must not be in the future: the schedule runs those times itself',
    })
  if (problems.length > 0) return { kind: 'refused', problems }
  const times = calendar.between(fromMs, toMs + 1, limit + 1)
  return {
    kind: 'plan',
    times: times.slice(0, limit).map((timeMs) => plannedTime(calendar, timeMs, false)),
    continueFromMs: times[limit] ?? null,
  }
}

const LIMIT = 1_000
