import { type Calendar, calendarOf, within } from './calendar.ts'
import { recurrenceRule } from './recurrence-rule.ts'
import { readRecurrence } from './recurrence-text.ts'
import { zonedCalendar } from './zoned-calendar.ts'

/**
 * The calendar of a recurrence in the words of RFC 5545: all rules and added dates together, without
 * the excluded ones. Throws a RangeError that says what is wrong with it.
 */
export function recurrenceCalendar(text: string, timeZone: string | undefined): Calendar {
  const recurrence = readRecurrence(text, timeZone)
  const { zone } = recurrence
  const excluded = new Set(recurrence.excludedMs)
  const parts = recurrence.rules.map(({ parts, untilMs }) => {
    const rule = zonedCalendar(zone, recurrenceRule(parts, recurrence.startReading))
    const part = within(rule, { fromMs: null, toMs: untilMs })
    // To find that out costs a fifth of a second: the first such rule is enough.
    if (part.next(BEFORE_ALL_MS) === null)
      throw new RangeError(
        `has the rule FREQ=${parts.get('FREQ') ?? ''} … that never fires; check DTSTART and UNTIL, and its days against its months`,
      )
    return part
  })
  const calendars = [...parts, listed(zone.name, recurrence.addedMs)]
  const calendar = calendarOf({
    timeZone: zone.name,
    next: (afterMs) => {
      let time = earliest(calendars, afterMs)
      while (time !== null && excluded.has(time)) time = earliest(calendars, time)
      return time
    },
    note: (timeMs) => parts.find((part) => part.next(timeMs - 1) === timeMs)?.note(timeMs) ?? null,
  })
  if (calendar.next(BEFORE_ALL_MS) === null)
    throw new RangeError('never fires: EXDATE excludes every time')
  return calendar
}

function listed(timeZone: string, timesMs: readonly number[]): Calendar {
  return calendarOf({
    timeZone,
    next: (afterMs) => timesMs.find((time) => time > afterMs) ?? null,
  })
}

function earliest(calendars: readonly Calendar[], afterMs: number): number | null {
  let first: number | null = null
  for (const calendar of calendars) {
    const time = calendar.next(afterMs)
    if (time !== null && (first === null || time < first)) first = time
  }
  return first
}

/** Earlier than any DTSTART that is read. */
const BEFORE_ALL_MS = Date.UTC(1899, 0)
