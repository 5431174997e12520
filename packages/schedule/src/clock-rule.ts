import type { Stretch } from './zone.ts'

/**
 * What a clock on the wall has to show. A reading is that clock's date and time as milliseconds, as
 * if it were UTC: libraries compute readings, where no clock is ever changed, and nothing else.
 */
export interface ClockRule {
  /** The first reading later than this one; null when there is none any more. */
  next(afterReading: number): number | null
  /** Fires each time that the clock shows a reading, also the second time after it was set back. */
  readonly repeats: boolean
  /** A reading that the clock jumps over counts for the moment at which it lands. */
  readonly makesUp: boolean
}

/** The first reading of a rule that clocks jump over between two stretches, if it makes up for it. */
export function missedReading(rule: ClockRule, before: Stretch, after: Stretch): number | null {
  if (!rule.makesUp || before.offsetMs >= after.offsetMs) return null
  const reading = rule.next(after.startMs + before.offsetMs - 1)
  return reading !== null && reading < after.startMs + after.offsetMs ? reading : null
}
