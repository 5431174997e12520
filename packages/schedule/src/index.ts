/** When schedules fire. */

// What people write, and what is wrong with it.
export { Timing } from './timing.ts'
export type { Problem } from './check-timing.ts'
export { checkTiming } from './check-timing.ts'

// When it fires.
export type { Calendar } from './calendar.ts'
export { within } from './calendar.ts'
export type { Anchors } from './create-calendar.ts'
export { createCalendar } from './create-calendar.ts'
export type { PlannedTime } from './preview.ts'
export { preview } from './preview.ts'
export { formatTime } from './format-time.ts'
