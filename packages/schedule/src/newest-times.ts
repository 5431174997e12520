import type { Calendar } from './calendar.ts'

/** The last times, `count` at most, from `fromMs` on and before `untilMs`; in order. */
export function newestTimes(
  calendar: Calendar,
  { fromMs, untilMs, count }: { fromMs: number; untilMs: number; count: number },
): number[] {
  const found: number[] = []
  let endMs = untilMs
  let widthMs = 1_000
  // A calendar is asked forwards only. Looking back in steps that double while little is found, and
  // halve when it is too much, a year of seconds costs as little as a century of years.
  while (found.length < count && endMs > fromMs) {
    const startMs = Math.max(fromMs, endMs - widthMs)
    const missing = count - found.length
    const part = calendar.between(startMs, endMs, missing + 1)
    if (part.length > missing && endMs - startMs > 1) widthMs = Math.ceil((endMs - startMs) / 2)
    else {
      found.unshift(...part)
      endMs = startMs
      widthMs *= 2
    }
  }
  return found
}
