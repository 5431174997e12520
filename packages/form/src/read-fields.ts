import { type Checked, type FieldError, isObject } from './form.ts'
import { type MessagePlan, readPlan } from './message-plan.ts'

/** A message apart from what it says: who may answer it, and what happens while nobody does. */
export interface MessageFields {
  /** Names or ids of identities; empty: everybody who may see it. */
  readonly assignees: readonly string[]
  readonly allowsLinks: boolean
  /** Null: nobody is ever told that it is not answered. */
  readonly plan: NoticePlan | null
}

/** A plan with what its steps do. Plain JSON: it is stored with the message as it is. */
export interface NoticePlan extends MessagePlan {
  /** Flows by name or id; null: the step is noted on the message, and that is all. */
  readonly remindFlow: string | null
  readonly remindInput: Readonly<Record<string, unknown>>
  readonly escalateFlow: string | null
  readonly escalateInput: Readonly<Record<string, unknown>>
  /** Who may answer as well from the escalation on. */
  readonly escalateAssignees: readonly string[]
}

/** What is too much for one message. */
export const FIELD_LIMITS = { assignees: 100, nameChars: 128, inputChars: 65_536 } as const

/**
 * The fields that a message is created with at `createdAt` (ms since 1970), or what is wrong with
 * them: `assignees`, `allows_links`, those of `PlanFields`, `remind_flow`, `remind_input`,
 * `escalate_flow`, `escalate_input`, `escalate_assignees`. Null is the same as absent.
 */
export function readFields(
  fields: Readonly<Record<string, unknown>>,
  createdAt: number,
): Checked<MessageFields> {
  const errors: FieldError[] = []
  const assignees = readNames(fields, 'assignees', errors)
  const allowsLinks = readFlag(fields, 'allows_links', errors)
  const remindFlow = readName(fields, 'remind_flow', errors)
  const remindInput = readInput(fields, 'remind_input', errors)
  const escalateFlow = readName(fields, 'escalate_flow', errors)
  const escalateInput = readInput(fields, 'escalate_input', errors)
  const escalateAssignees = readNames(fields, 'escalate_assignees', errors)
  const plan = readPlan(fields, createdAt)
  if (!plan.ok) return { ok: false, errors: [...errors, ...plan.errors] }

  const { remindAt, escalateAt, dueAt } = plan.value
  need(remindFlow === null || remindAt !== null, '/remind_flow', TIMELESS.remind, errors)
  const escalates = escalateFlow !== null || escalateAssignees.length > 0
  const pointer = escalateFlow === null ? '/escalate_assignees' : '/escalate_flow'
  need(!escalates || escalateAt !== null, pointer, TIMELESS.escalate, errors)
  need(escalates || escalateAt === null, '/escalate_after', AIMLESS, errors)
  need(
    escalateAssignees.length === 0 || assignees.length > 0,
    '/escalate_assignees',
    'needs assignees: without them everybody may answer already',
    errors,
  )
  need(
    Object.keys(remindInput).length === 0 || remindFlow !== null,
    '/remind_input',
    FLOWLESS,
    errors,
  )
  need(
    Object.keys(escalateInput).length === 0 || escalateFlow !== null,
    '/escalate_input',
    FLOWLESS,
    errors,
  )
  if (errors.length > 0) return { ok: false, errors }
  const isPlanned = dueAt !== null || remindAt !== null || escalateAt !== null
  const notices = { remindFlow, remindInput, escalateFlow, escalateInput, escalateAssignees }
  return {
    ok: true,
    value: { assignees, allowsLinks, plan: isPlanned ? { ...plan.value, ...notices } : null },
  }
}

const TIMELESS = {
  remind: 'needs remind_after or remind_every: when it is started',
  escalate: 'needs escalate_after or escalate_at: when it happens',
} as const
const AIMLESS = 'needs escalate_flow or escalate_assignees: what happens then'
const FLOWLESS = 'is the input of a flow; name the flow too'

function need(holds: boolean, pointer: string, message: string, errors: FieldError[]): void {
  if (!holds) errors.push({ pointer, message })
}

type Given = Readonly<Record<string, unknown>>

function readFlag(fields: Given, name: string, errors: FieldError[]): boolean {
  const value = fields[name] ?? false
  if (typeof value === 'boolean') return value
  errors.push({ pointer: `/${name}`, message: 'must be true or false' })
  return false
}

function readName(fields: Given, name: string, errors: FieldError[]): string | null {
  const value = fields[name] ?? null
  if (value === null || isName(value)) return value === null ? null : value.trim()
  errors.push({ pointer: `/${name}`, message: 'must be the name or id of a flow' })
  return null
}

function readNames(fields: Given, name: string, errors: FieldError[]): readonly string[] {
  const value = fields[name] ?? []
  if (!Array.isArray(value)) {
    errors.push({ pointer: `/${name}`, message: 'must be a list of names or ids of users' })
    return []
  }
  const list: readonly unknown[] = value
  if (list.length > FIELD_LIMITS.assignees)
    errors.push({
      pointer: `/${name}`,
      message: `has ${list.length} entries; ${FIELD_LIMITS.assignees} are accepted`,
    })
  const names = list.slice(0, FIELD_LIMITS.assignees).flatMap((one, index) => {
    if (isName(one)) return [one.trim()]
    const message = `must be a name or an id, of 1 to ${FIELD_LIMITS.nameChars} characters`
    errors.push({ pointer: `/${name}/${index}`, message })
    return []
  })
  return [...new Set(names)]
}

function readInput(fields: Given, name: string, errors: FieldError[]): Given {
  const value = fields[name] ?? {}
  if (!isObject(value)) {
    errors.push({ pointer: `/${name}`, message: 'must be an object: the inputs of the flow' })
    return {}
  }
  const chars = JSON.stringify(value).length
  if (chars <= FIELD_LIMITS.inputChars) return value
  errors.push({
    pointer: `/${name}`,
    message: `has ${chars} characters as JSON; ${FIELD_LIMITS.inputChars} are accepted`,
  })
  return {}
}

/** One line, so that it can be shown in one. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.trim() !== '' &&
  value.trim().length <= FIELD_LIMITS.nameChars &&
  !/[\u0000-\u001f\u007f]/.test(value)
