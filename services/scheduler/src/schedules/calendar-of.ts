import { type Calendar, scheduleCalendar, type Timing } from '@millrace/schedule'
import type { ScheduleWork } from '@millrace/store'

/** The calendar of a schedule with a timing. */
export const calendarOf = (work: ScheduleWork, lastEndMs: number | null): Calendar =>
  scheduleCalendar(JSON.parse(work.timing ?? '{}') as Timing, {
    startsAtMs: work.starts_at,
    endsAtMs: work.ends_at,
    begunMs: work.begun_at,
    lastEndMs,
  })
