import {
  type Calendar,
  checkPolicy,
  checkTiming,
  scheduleCalendar,
  type Timing,
} from '@millrace/schedule'
import type { ScheduleRow } from '@millrace/store'
import { invalid } from '../problem.ts'
import type { PreviewBody } from '../schemas/schedule.ts'

/** When a schedule runs. Throws `invalid` for one whose scheduler decides that. */
export function calendarOfRow(row: ScheduleRow): Calendar {
  if (row.timing === null)
    throw invalid([
      {
        pointer: '',
        message: `has nothing to work with: the scheduler ${row.scheduler_name ?? ''} decides when ${row.name} runs, by its script`,
      },
    ])
  return scheduleCalendar(JSON.parse(row.timing) as Timing, {
    startsAtMs: row.starts_at,
    endsAtMs: row.ends_at,
    begunMs: row.begun_at,
    lastEndMs: row.last_end_at,
  })
}

/** The same of what a person tries out; an interval counts from `begunMs`. */
export function calendarOfTiming(body: PreviewBody, begunMs: number): Calendar {
  const problems = [
    ...checkTiming(body.timing).map(({ pointer, message }) => ({
      pointer: `/timing${pointer}`,
      message,
    })),
    ...checkPolicy(body),
  ]
  if (problems.length > 0) throw invalid(problems)
  return scheduleCalendar(body.timing, {
    startsAtMs: momentOf(body.starts_at),
    endsAtMs: momentOf(body.ends_at),
    begunMs,
    lastEndMs: null,
  })
}

const momentOf = (text: string | null | undefined): number | null =>
  text === null || text === undefined ? null : Date.parse(text)
