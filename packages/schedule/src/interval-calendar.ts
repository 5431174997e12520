import { type Calendar, calendarOf } from './calendar.ts'

/** Every so many milliseconds from a first time on, by real time: no change of clocks touches it. */
export function intervalCalendar(facts: {
  readonly firstMs: number
  readonly intervalMs: number
  readonly isEstimate: boolean
  readonly timeZone: string
}): Calendar {
  const { firstMs, intervalMs } = facts
  return calendarOf({
    ...facts,
    next: (afterMs) =>
      afterMs < firstMs
        ? firstMs
        : firstMs + (Math.floor((afterMs - firstMs) / intervalMs) + 1) * intervalMs,
  })
}
