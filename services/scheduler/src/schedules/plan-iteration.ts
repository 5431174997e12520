import { nextIteration } from '@millrace/schedule'
import type { ScheduleWork } from '@millrace/store'
import { calendarOf } from './calendar-of.ts'
import type { IterationPlan } from './new-executions.ts'

/** What the next iteration is, or why there is none. */
export type PlannedIteration =
  | { readonly kind: 'plan'; readonly plan: IterationPlan }
  /** The schedule has no time left. */
  | { readonly kind: 'finished' }
  | { readonly kind: 'problem'; readonly problem: string }

export function planIteration(
  work: ScheduleWork,
  facts: {
    readonly decidedUntilMs: number
    readonly lastEndMs: number | null
    /** Not before this: what went wrong is not tried again at once. */
    readonly notBeforeMs: number | null
    /** Executions of its own runs that live. */
    readonly running: readonly string[]
  },
): PlannedIteration {
  const startMs =
    facts.notBeforeMs !== null && facts.notBeforeMs > work.now ? facts.notBeforeMs : null
  const plan = { plannedMs: null, startMs, jitterMs: 0, after: null }
  if (work.timing === null) {
    if (work.scheduler_script_hash !== null) return { kind: 'plan', plan }
    return { kind: 'problem', problem: 'its scheduler is in the trash or gone' }
  }
  const next = nextIteration({
    ...facts,
    scheduleId: work.id,
    calendar: calendarOf(work, facts.lastEndMs),
    jitterMs: work.jitter_seconds * 1_000,
  })
  switch (next.kind) {
    case 'finished':
      return next
    case 'ends':
      return { kind: 'plan', plan: { ...plan, after: next.executionIds } }
    case 'time': {
      const { plannedMs, jitterMs } = next
      return { kind: 'plan', plan: { ...plan, plannedMs, jitterMs, startMs: next.startMs } }
    }
  }
}
