import type { Calendar } from './calendar.ts'
import { cronRule } from './cron-rule.ts'
import { intervalCalendar } from './interval-calendar.ts'
import { recurrenceCalendar } from './recurrence-calendar.ts'
import type { Timing } from './timing.ts'
import { zoneOf } from './zone.ts'
import { zonedCalendar } from './zoned-calendar.ts'

/** What an interval counts from. Cron and rrule know their times by themselves. */
export interface Anchors {
  /** The beginning of the schedule: its `starts_at`, else its creation. */
  readonly startMs: number
  /** The end of the last run, for `anchor: "end"`; null before there was one. */
  readonly lastEndMs: number | null
}

/** The calendar of a timing that `checkTiming` found nothing wrong with; else a RangeError. */
export function createCalendar(timing: Timing, anchors: Anchors): Calendar {
  const timeZone = timing.time_zone ?? 'UTC'
  if (timing.cron !== undefined) return zonedCalendar(zoneOf(timeZone), cronRule(timing.cron))
  if (timing.rrule !== undefined) return recurrenceCalendar(timing.rrule, timing.time_zone)
  if (timing.interval_seconds === undefined)
    throw new RangeError('a timing has one of cron, interval_seconds and rrule')
  const intervalMs = timing.interval_seconds * 1_000
  const lastEndMs = timing.anchor === 'end' ? anchors.lastEndMs : null
  return intervalCalendar({
    firstMs: lastEndMs === null ? anchors.startMs : lastEndMs + intervalMs,
    intervalMs,
    isEstimate: timing.anchor === 'end',
    timeZone,
  })
}
