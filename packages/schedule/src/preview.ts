import type { Calendar } from './calendar.ts'
import { formatTime } from './format-time.ts'

/** A planned time, for people. */
export interface PlannedTime {
  readonly timeMs: number
  /** ISO 8601 with the distance from UTC that the zone's clocks have then. */
  readonly at: string
  /** What is particular about it, such as a change of clocks; mostly null. */
  readonly note: string | null
}

/** The next planned times after a moment, `count` at most. */
export function preview(calendar: Calendar, afterMs: number, count: number): PlannedTime[] {
  return calendar
    .between(afterMs + 1, Infinity, count)
    .map((timeMs, index) => plannedTime(calendar, timeMs, index > 0))
}

export function plannedTime(calendar: Calendar, timeMs: number, isLater: boolean): PlannedTime {
  const note =
    calendar.isEstimate && isLater
      ? 'at the earliest: it counts from the end of the run before it'
      : calendar.note(timeMs)
  return { timeMs, at: formatTime(timeMs, calendar.timeZone), note }
}
