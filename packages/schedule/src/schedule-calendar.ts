import { type Calendar, within } from './calendar.ts'
import { createCalendar } from './create-calendar.ts'
import type { Timing } from './timing.ts'

/** The calendar of a schedule: its timing between its first and its last moment. */
export function scheduleCalendar(
  timing: Timing,
  facts: {
    readonly startsAtMs: number | null
    readonly endsAtMs: number | null
    /** Its creation, or the last change of its timing. */
    readonly begunMs: number
    /** The end of its last run; null before there was one. */
    readonly lastEndMs: number | null
  },
): Calendar {
  const { startsAtMs, endsAtMs, begunMs, lastEndMs } = facts
  const startMs = startsAtMs ?? begunMs + (timing.interval_seconds ?? 0) * 1_000
  const calendar = createCalendar(timing, { startMs, lastEndMs })
  return within(calendar, { fromMs: startsAtMs, toMs: endsAtMs })
}
