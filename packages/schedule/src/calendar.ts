/** When a schedule fires. All times are milliseconds since 1970, whole and in order. */
export interface Calendar {
  /** Whose clocks it goes by; for an interval, whose clocks it is shown in. */
  readonly timeZone: string
  /**
   * Whether only the first time is certain, because each counts from the end of the run before it.
   * The further ones are what follows if nothing runs.
   */
  readonly isEstimate: boolean
  /** The first time later than this; null when there is none any more. */
  next(afterMs: number): number | null
  /** The first times, `limit` at most, from `fromMs` on and before `untilMs`. */
  between(fromMs: number, untilMs: number, limit: number): number[]
  /** What a change of clocks did to this planned time, in a sentence; mostly null. */
  note(timeMs: number): string | null
}

/** A calendar from what is particular about it. */
export function calendarOf(parts: {
  readonly timeZone: string
  readonly isEstimate?: boolean
  readonly next: (afterMs: number) => number | null
  readonly note?: (timeMs: number) => string | null
}): Calendar {
  const { timeZone, next } = parts
  return {
    timeZone,
    isEstimate: parts.isEstimate ?? false,
    next,
    between: (fromMs, untilMs, limit) => {
      const times: number[] = []
      let last = fromMs - 1
      while (times.length < limit) {
        const time = next(last)
        if (time === null || time >= untilMs) break
        times.push(time)
        last = time
      }
      return times
    },
    note: parts.note ?? (() => null),
  }
}

/** The part of a calendar between two moments, both included; null is no bound. */
export function within(
  calendar: Calendar,
  bounds: { readonly fromMs: number | null; readonly toMs: number | null },
): Calendar {
  const fromMs = bounds.fromMs ?? -Infinity
  const toMs = bounds.toMs ?? Infinity
  return calendarOf({
    ...calendar,
    next: (afterMs) => {
      const time = calendar.next(Math.max(afterMs, fromMs - 1))
      return time === null || time > toMs ? null : time
    },
  })
}
