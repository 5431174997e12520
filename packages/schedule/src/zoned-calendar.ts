import { type Calendar, calendarOf } from './calendar.ts'
import { noteOf } from './clock-note.ts'
import { type ClockRule, missedReading } from './clock-rule.ts'
import type { Zone } from './zone.ts'

/** A rule in a zone: the only place where clocks change. README.md tells why so. */
export function zonedCalendar(zone: Zone, rule: ClockRule): Calendar {
  return calendarOf({
    timeZone: zone.name,
    next: (afterMs) => nextTime(zone, rule, afterMs),
    note: (timeMs) => noteOf(zone, rule, timeMs),
  })
}

function nextTime(zone: Zone, rule: ClockRule, afterMs: number): number | null {
  let after = afterMs
  let stretch = zone.stretchAt(after + 1)
  for (;;) {
    const before = zone.stretchAt(stretch.startMs - 1)
    if (after < stretch.startMs && missedReading(rule, before, stretch) !== null)
      return stretch.startMs
    // What the clocks showed before they were set back has had its turn.
    const shown = rule.repeats ? -Infinity : stretch.startMs + before.offsetMs
    const reading = rule.next(Math.max(after + stretch.offsetMs, shown - 1))
    if (reading !== null && reading - stretch.offsetMs < stretch.endMs)
      return reading - stretch.offsetMs
    const goesBack = zone.stretchAt(stretch.endMs).offsetMs < stretch.offsetMs
    const mayRepeat = rule.repeats && goesBack
    if (reading === null && !mayRepeat) return null
    // Nothing happens until shortly before the next reading, except that earlier ones come again.
    const from =
      reading === null || mayRepeat
        ? stretch.endMs
        : Math.max(stretch.endMs, reading - OFFSET_MAX_MS)
    after = from - 1
    stretch = zone.stretchAt(from)
  }
}

/** No clock has been further from UTC: 15 h 56 min, in Manila until 1844. */
const OFFSET_MAX_MS = 16 * 3_600_000
