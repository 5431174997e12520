import type { Calendar } from './calendar.ts'
import { newestTimes } from './newest-times.ts'

/** What happens to times that were missed: while everything was down, or the schedule was paused. */
export const CATCH_UP = ['none', 'last', 'all'] as const
export type CatchUp = (typeof CATCH_UP)[number]

export interface DueFacts {
  readonly calendar: Calendar
  /** Times up to this one have been decided already: the `decidedUntilMs` of the last decision. */
  readonly decidedUntilMs: number
  readonly nowMs: number
  readonly catchUp: CatchUp
  /** How far back missed times are made up for. */
  readonly catchUpWindowMs: number
  /** When a pause ended; times before it were missed, however short ago. Null: there was none. */
  readonly resumedAtMs: number | null
  /** How many runs one decision may start, the newest; 100 when absent. */
  readonly limit?: number
}

export interface DueDecision {
  /** Planned times to run now, oldest first. */
  readonly run: readonly number[]
  /** Planned times that will not be run, oldest first; what `run` leaves out is in here. */
  readonly dropped: readonly Dropped[]
  readonly decidedUntilMs: number
  /** When to decide again; null when the schedule has come to its end. */
  readonly nextMs: number | null
}

export type DropReason =
  /** `catch_up: none`. */
  | 'catch_up_none'
  /** `catch_up: last`, or an interval from the end of a run: a newer one stands for it. */
  | 'superseded'
  | 'beyond_window'
  | 'over_limit'

/** Planned times in a row that were dropped for one reason; a backfill can run them. */
export interface Dropped {
  readonly reason: DropReason
  readonly count: number
  /** False: there are more, nobody counted on. */
  readonly isCountExact: boolean
  readonly firstMs: number
  readonly lastMs: number
}

/** Which planned times since the last decision are to run. Save `decidedUntilMs` with the runs. */
export function decideDue(facts: DueFacts): DueDecision {
  const { calendar, nowMs } = facts
  const fromMs = facts.decidedUntilMs + 1
  const untilMs = nowMs + 1
  // A clock that was set back decides nothing twice.
  if (untilMs <= fromMs)
    return {
      run: [],
      dropped: [],
      decidedUntilMs: facts.decidedUntilMs,
      nextMs: calendar.next(facts.decidedUntilMs),
    }
  const onTimeFromMs = Math.max(fromMs, nowMs - ON_TIME_MS, facts.resumedAtMs ?? fromMs)
  const windowFromMs =
    facts.catchUp === 'none'
      ? onTimeFromMs
      : Math.max(fromMs, Math.min(onTimeFromMs, nowMs - facts.catchUpWindowMs))
  const run = chosen(facts, { windowFromMs, onTimeFromMs, untilMs })
  const keptFromMs = run[0] ?? untilMs
  const tooOld: DropReason = facts.catchUp === 'none' ? 'catch_up_none' : 'beyond_window'
  const dropped = [
    drop(calendar, tooOld, fromMs, Math.min(windowFromMs, untilMs)),
    ...leftOut(facts, windowFromMs, onTimeFromMs, keptFromMs),
  ]
  return {
    run,
    dropped: dropped.filter((one) => one !== null),
    decidedUntilMs: nowMs,
    nextMs: calendar.next(nowMs),
  }
}

function chosen(
  { calendar, catchUp, limit = LIMIT }: DueFacts,
  at: { windowFromMs: number; onTimeFromMs: number; untilMs: number },
): readonly number[] {
  const { untilMs } = at
  // The times after the first one that is due would be counted from the end of its run.
  const count = calendar.isEstimate ? 1 : limit
  if (catchUp !== 'last') return newestTimes(calendar, { fromMs: at.windowFromMs, untilMs, count })
  const onTime = newestTimes(calendar, { fromMs: at.onTimeFromMs, untilMs, count })
  return onTime.length > 0
    ? onTime
    : newestTimes(calendar, { fromMs: at.windowFromMs, untilMs, count: 1 })
}

/** Times of the window that are older than the oldest one that is run. */
function leftOut(
  { calendar, catchUp }: DueFacts,
  windowFromMs: number,
  onTimeFromMs: number,
  keptFromMs: number,
): readonly (Dropped | null)[] {
  if (calendar.isEstimate) return [drop(calendar, 'superseded', windowFromMs, keptFromMs)]
  if (catchUp !== 'last') return [drop(calendar, 'over_limit', windowFromMs, keptFromMs)]
  const onTimeMs = Math.min(Math.max(windowFromMs, onTimeFromMs), keptFromMs)
  return [
    drop(calendar, 'superseded', windowFromMs, onTimeMs),
    drop(calendar, 'over_limit', onTimeMs, keptFromMs),
  ]
}

function drop(
  calendar: Calendar,
  reason: DropReason,
  fromMs: number,
  untilMs: number,
): Dropped | null {
  if (untilMs <= fromMs) return null
  const times = calendar.between(fromMs, untilMs, COUNTED_MAX + 1)
  const [firstMs] = times
  const [lastMs] = newestTimes(calendar, { fromMs, untilMs, count: 1 })
  if (firstMs === undefined || lastMs === undefined) return null
  return {
    reason,
    count: Math.min(times.length, COUNTED_MAX),
    isCountExact: times.length <= COUNTED_MAX,
    firstMs,
    lastMs,
  }
}

/**
 * A run that starts this late is still on time: restarts and fail-overs end sooner, and nobody's
 * `catch_up: none` means to lose a run to one.
 */
export const ON_TIME_MS = 60_000
const LIMIT = 100
const COUNTED_MAX = 1_000
