import { type ClockRule, missedReading } from './clock-rule.ts'
import { clockOf, dateOf } from './format-time.ts'
import type { Zone } from './zone.ts'

/** What a change of clocks did to a planned time, for people; null when it did nothing. */
export function noteOf(zone: Zone, rule: ClockRule, timeMs: number): string | null {
  const now = zone.stretchAt(timeMs)
  const before = zone.stretchAt(now.startMs - 1)
  const after = zone.stretchAt(now.endMs)
  const reading = timeMs + now.offsetMs
  if (timeMs === now.startMs) {
    const missed = missedReading(rule, before, now)
    if (missed !== null)
      return `${clockOf(missed)} does not exist on ${dateOf(missed)}: clocks go ${change(now.startMs, before.offsetMs, now.offsetMs)}; runs at ${dayAndClock(reading, missed)}`
  }
  if (timeMs < now.startMs + before.offsetMs - now.offsetMs)
    return `${clockOf(reading)} comes twice on ${dateOf(reading)}: clocks go ${change(now.startMs, before.offsetMs, now.offsetMs)}; this is the second time`
  if (timeMs >= now.endMs + after.offsetMs - now.offsetMs)
    return `${clockOf(reading)} comes twice on ${dateOf(reading)}: clocks go ${change(now.endMs, now.offsetMs, after.offsetMs)}; ${rule.repeats ? 'this is the first time' : 'runs once, the first time'}`
  return null
}

function change(atMs: number, fromOffsetMs: number, toOffsetMs: number): string {
  const from = atMs + fromOffsetMs
  const to = atMs + toOffsetMs
  return `${toOffsetMs < fromOffsetMs ? 'back ' : ''}from ${clockOf(from)} to ${dayAndClock(to, from)}`
}

/** With its date where that is another day. */
function dayAndClock(reading: number, other: number): string {
  const day = dateOf(reading)
  return day === dateOf(other) ? clockOf(reading) : `${clockOf(reading)} on ${day}`
}
