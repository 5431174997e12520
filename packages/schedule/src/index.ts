/** When schedules fire, and what happens when that cannot be kept. README.md tells it as a story. */

// What people write, and what is wrong with it.
export { Timing } from './timing.ts'
export type { Problem } from './check-timing.ts'
export { checkTiming } from './check-timing.ts'
export type { Policy, PolicyInput } from './policy.ts'
export { checkPolicy, policyFields, toPolicy } from './policy.ts'

// When it fires.
export type { Calendar } from './calendar.ts'
export { within } from './calendar.ts'
export type { Anchors } from './create-calendar.ts'
export { createCalendar } from './create-calendar.ts'
export { scheduleCalendar } from './schedule-calendar.ts'
export type { PlannedTime } from './preview.ts'
export { preview } from './preview.ts'
export { formatTime } from './format-time.ts'

// What is decided at a planned time.
export type { CatchUp, Dropped, DropReason, DueDecision, DueFacts } from './catch-up.ts'
export { decideDue } from './catch-up.ts'
export type { Overlap, OverlapDecision, OverlapFacts } from './overlap.ts'
export { decideOverlap, nextQueued } from './overlap.ts'
export { jitteredStart } from './jitter.ts'
export type { FireDecision, FireFacts } from './decide-fire.ts'
export { decideFire } from './decide-fire.ts'
export type { BookedRun, DueTime, OpenRun, RunsDecision, RunsFacts } from './decide-runs.ts'
export { decideRuns } from './decide-runs.ts'
export type { IterationFacts, NextIteration } from './next-iteration.ts'
export { nextIteration } from './next-iteration.ts'
export type { BackfillFacts, BackfillPlan } from './backfill.ts'
export { planBackfill } from './backfill.ts'
