import type { Checked, FieldError } from './form.ts'

/** When an unanswered message asks for attention. Times are ms since 1970. */
export interface MessagePlan {
  /** When an answer is expected. Says so, and nothing else: the wait has a timeout of its own. */
  readonly dueAt: number | null
  /** The first reminder, and every how many ms there is another; null: there is only the first. */
  readonly remindAt: number | null
  readonly remindEveryMs: number | null
  readonly remindersMax: number
  /** When somebody else is asked. */
  readonly escalateAt: number | null
}

/** How far a plan has been carried out. Stored with the message; the plan itself never changes. */
export interface PlanProgress {
  readonly isDue: boolean
  readonly isEscalated: boolean
  /** Moments of reminders that have passed, also those that went into one. */
  readonly reminders: number
}

export const NOTHING_DONE: PlanProgress = { isDue: false, isEscalated: false, reminders: 0 }

export type PlanStep = 'due' | 'escalate' | 'remind'

export interface PlannedStep {
  readonly at: number
  readonly step: PlanStep
}

/** What comes next and when; null: nothing any more. Of one moment, the weightier step comes first. */
export function nextStep(plan: MessagePlan, progress: PlanProgress): PlannedStep | null {
  const steps: readonly { readonly at: number | null; readonly step: PlanStep }[] = [
    { at: progress.isDue ? null : plan.dueAt, step: 'due' },
    { at: progress.isEscalated ? null : plan.escalateAt, step: 'escalate' },
    { at: reminderAt(plan, progress.reminders), step: 'remind' },
  ]
  let next: PlannedStep | null = null
  for (const { at, step } of steps)
    if (at !== null && (next === null || at < next.at)) next = { at, step }
  return next
}

export interface Advance {
  /** To be done now, in this order, each at most once. */
  readonly steps: readonly PlanStep[]
  readonly progress: PlanProgress
  /** When to look again; null: never. */
  readonly nextAt: number | null
}

/**
 * All that is to be done by now. Reminders that were missed (everything stood still, a clock was
 * moved) become one: nobody wants five mails about one question. The caller writes the progress in
 * the transaction that does the steps, guarded by the progress it has read; a crash before it has
 * done nothing, and the next look finds the same steps.
 */
export function advancePlan(plan: MessagePlan, progress: PlanProgress, now: number): Advance {
  const steps: PlanStep[] = []
  let reached = progress
  let next = nextStep(plan, reached)
  while (next !== null && next.at <= now) {
    if (!steps.includes(next.step)) steps.push(next.step)
    reached = afterStep(reached, next.step)
    next = nextStep(plan, reached)
  }
  return { steps, progress: reached, nextAt: next?.at ?? null }
}

function afterStep(progress: PlanProgress, step: PlanStep): PlanProgress {
  switch (step) {
    case 'due':
      return { ...progress, isDue: true }
    case 'escalate':
      return { ...progress, isEscalated: true }
    case 'remind':
      return { ...progress, reminders: progress.reminders + 1 }
  }
}

function reminderAt(plan: MessagePlan, passed: number): number | null {
  if (plan.remindAt === null || passed >= plan.remindersMax) return null
  if (passed === 0) return plan.remindAt
  return plan.remindEveryMs === null ? null : plan.remindAt + passed * plan.remindEveryMs
}

/** The same as a message is created with it: seconds, counted from the creation, and RFC 3339 times. */
export interface PlanFields {
  readonly due_at?: string | null
  readonly due_after?: number | null
  readonly remind_after?: number | null
  readonly remind_every?: number | null
  /** How many reminders at most; default 10 with `remind_every`, else 1. */
  readonly remind_times?: number | null
  readonly escalate_at?: string | null
  readonly escalate_after?: number | null
}

/** The plan of a message that is created at `createdAt` (ms), or what is wrong with its fields. */
export function readPlan(fields: PlanFields, createdAt: number): Checked<MessagePlan> {
  const errors: FieldError[] = []
  const dueAt = readMoment(fields, 'due', createdAt, errors)
  const escalateAt = readMoment(fields, 'escalate', createdAt, errors)
  const remindAfter = readSeconds(fields, 'remind_after', 1, errors)
  // A minute at least: a reminder is a message to people.
  const remindEvery = readSeconds(fields, 'remind_every', 60, errors)
  const times = fields.remind_times ?? null
  if (times !== null && !(Number.isInteger(times) && times >= 1 && times <= REMINDERS_MAX))
    errors.push({
      pointer: '/remind_times',
      message: `must be a whole number from 1 to ${REMINDERS_MAX}`,
    })
  if (times !== null && times > 1 && remindEvery === null)
    errors.push({
      pointer: '/remind_every',
      message: 'is missing; remind_times needs to know how many seconds lie between',
    })
  if (errors.length > 0) return { ok: false, errors }
  const first = remindAfter ?? remindEvery
  return {
    ok: true,
    value: {
      dueAt,
      escalateAt,
      remindAt: first === null ? null : createdAt + first * 1_000,
      remindEveryMs: remindEvery === null ? null : remindEvery * 1_000,
      remindersMax: first === null ? 0 : (times ?? (remindEvery === null ? 1 : 10)),
    },
  }
}

const REMINDERS_MAX = 100
/** Ten years: further is a slip of the pen, or of the unit. */
const SECONDS_MAX = 315_360_000

function readMoment(
  fields: PlanFields,
  name: 'due' | 'escalate',
  createdAt: number,
  errors: FieldError[],
): number | null {
  const text: unknown = fields[`${name}_at`] ?? null
  const after = readSeconds(fields, `${name}_after`, 1, errors)
  if (text === null) return after === null ? null : createdAt + after * 1_000
  const pointer = `/${name}_at`
  if (after !== null)
    errors.push({ pointer, message: `and ${name}_after are both given; give one of them` })
  const at = typeof text === 'string' && RFC_3339.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) {
    errors.push({ pointer, message: 'must be an RFC 3339 time with its zone' })
    return null
  }
  if (at <= createdAt || at > createdAt + SECONDS_MAX * 1_000)
    errors.push({
      pointer,
      message: 'must lie after the creation of the message, by ten years at most',
    })
  return at
}

function readSeconds(
  fields: PlanFields,
  name: 'due_after' | 'escalate_after' | 'remind_after' | 'remind_every',
  min: number,
  errors: FieldError[],
): number | null {
  const value: unknown = fields[name] ?? null
  if (value === null) return null
  if (typeof value === 'number' && value >= min && value <= SECONDS_MAX) return value
  errors.push({
    pointer: `/${name}`,
    message: `must be a number of seconds from ${min} to ${SECONDS_MAX}`,
  })
  return null
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i
