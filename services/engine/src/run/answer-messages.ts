import {
  CONTENT_LIMITS,
  type FieldError,
  type Form,
  isField,
  nextStep,
  NOTHING_DONE,
  readContent,
  readFields,
  signLink,
} from '@millrace/form'
import type { Command, ErrorValue, Json, MessageSpec, Outcome } from '@millrace/replay'
import { now, randomToken } from '@millrace/runtime'
import {
  type Database,
  type MessageRow,
  type NewMessage,
  type NewWait,
  pgText,
  readLinkKeys,
  settledOutcome,
} from '@millrace/store'
import type { Collected } from './collected.ts'
import type { CommandFacts } from './command-facts.ts'
import type { Held } from './held.ts'

export type MessageCommand = Extract<
  Command,
  { readonly kind: 'message' | 'message_wait' | 'message_read' | 'message_link' }
>

/** What a command about messages is answered with at once, or the wait that somebody else answers. */
export type MessageVerdict =
  | { readonly outcome: Outcome }
  | { readonly wait: Partial<NewWait> & Pick<NewWait, 'seq' | 'kind'> }

interface Context {
  readonly db: Database
  readonly held: Held
  readonly collected: Collected
  readonly facts: CommandFacts
  /** Where people reach the gateway: what links begin with. */
  readonly publicUrl: string
}

/** Deals with a command about messages; what it makes is kept in `collected` until the commit. */
export function answerMessageCommand(
  context: Context,
  command: MessageCommand,
): MessageVerdict | Promise<MessageVerdict> {
  if (command.kind === 'message') return ask(context, command)
  const { id } = command
  const born = context.collected.messages.find((one) => one.id === id)
  const row = born === undefined ? context.facts.messageOf.get(id) : undefined
  const message = born === undefined ? row : asRow(born)
  if (message === undefined) return { outcome: settledOutcome('', id, null).outcome }
  switch (command.kind) {
    case 'message_wait':
      return waitFor(context, command, message)
    case 'message_read':
      return { outcome: value(readable(message)) }
    case 'message_link':
      return link(context, command, message)
  }
}

function ask(
  { held, collected, facts }: Context,
  { seq, message: spec, wait, timeout }: Extract<MessageCommand, { readonly kind: 'message' }>,
): MessageVerdict {
  const made = toNewMessage(spec, { held, facts, seq, isAwaited: wait })
  if ('error' in made) return { outcome: refuse(made.error) }
  collected.messages.push(made.message)
  if (!wait) return { outcome: value({ id: spec.id }) }
  const { id, title } = made.message
  return { wait: { seq, kind: 'RESPONSE', ref: id, subject: title, dueIn: timeout } }
}

/**
 * The wait of a call that this life has inherited unanswered. A question of its own is asked once more,
 * under the id that it had. That of another execution is only waited for, as is that of the one that
 * this is a rerun of; it may be open no more, so that the scheduler looks.
 */
export function askMessageAgain(
  { held, collected, facts }: Omit<Context, 'db' | 'publicUrl'>,
  command: Extract<MessageCommand, { readonly kind: 'message' | 'message_wait' }>,
): Partial<NewWait> & Pick<NewWait, 'seq' | 'kind'> {
  const { seq, timeout } = command
  collected.foreignMessages.push(seq)
  if (command.kind === 'message_wait') {
    const subject = facts.messageOf.get(command.id)?.title ?? null
    return { seq, kind: 'RESPONSE', ref: command.id, subject, dueIn: timeout }
  }
  const { id } = command.message
  const made = toNewMessage(command.message, { held, facts, seq, isAwaited: true })
  // A flow that it names is gone, or its time is past: nobody can be asked any more.
  if ('error' in made) return { seq, kind: 'RESPONSE', ref: id, dueIn: 0 }
  collected.messages.push(made.message)
  return { seq, kind: 'RESPONSE', ref: id, subject: made.message.title, dueIn: timeout }
}

/** One that is open no more answers at once; one that closes meanwhile is found by the scheduler. */
function waitFor(
  { held, collected, facts }: Context,
  { seq, id, timeout }: Extract<MessageCommand, { readonly kind: 'message_wait' }>,
  message: MessageRow,
): MessageVerdict {
  if (message.status !== 'OPEN')
    // Large ones are put with the commit, as any outcome that is kept in the history.
    return { outcome: inPlace(settledOutcome(held.workspaceId, id, message).outcome, message) }
  if (facts.messageOf.has(id)) collected.foreignMessages.push(seq)
  return { wait: { seq, kind: 'RESPONSE', ref: id, subject: message.title, dueIn: timeout } }
}

async function link(
  { db, held, publicUrl }: Context,
  { id, recipient, expiresAfter }: Extract<MessageCommand, { readonly kind: 'message_link' }>,
  message: MessageRow,
): Promise<MessageVerdict> {
  const error = linkProblem(message, recipient, expiresAfter)
  if (error !== null) return { outcome: refuse(error) }
  const expiresAt = Math.floor(now() + (expiresAfter ?? LINK_SECONDS) * 1_000)
  const token = signLink(await readLinkKeys(db), {
    workspaceId: held.workspaceId,
    messageId: id,
    recipient: recipient.trim(),
    expiresAt,
    nonce: randomToken(16),
  })
  const url = `${publicUrl}/answer#${token}`
  return { outcome: value({ url, token, expires_at: new Date(expiresAt).toISOString() }) }
}

function linkProblem(
  message: MessageRow,
  recipient: string,
  expiresAfter: number | null,
): ErrorValue | null {
  const who = recipient.trim()
  if (who === '' || who.length > RECIPIENT_MAX)
    return invalid('message.link', [
      { pointer: 'recipient', message: `must have 1 to ${RECIPIENT_MAX} characters` },
    ])
  if (expiresAfter !== null && (expiresAfter < 1 || expiresAfter > LINK_SECONDS_MAX))
    return invalid('message.link', [
      { pointer: 'expires_after', message: `must be 1 to ${LINK_SECONDS_MAX} seconds` },
    ])
  if (!message.allows_links)
    return invalid('message.link', [
      { pointer: 'the message', message: 'allows no links; ask with allows_links: true' },
    ])
  return null
}

const LINK_SECONDS = 7 * 86_400
const LINK_SECONDS_MAX = 90 * 86_400
const RECIPIENT_MAX = 256

function toNewMessage(
  spec: MessageSpec,
  asked: {
    readonly held: Held
    readonly facts: CommandFacts
    readonly seq: number
    readonly isAwaited: boolean
  },
): { readonly message: NewMessage } | { readonly error: ErrorValue } {
  const api = 'self.message'
  const content = readContent(spec.content)
  if (!content.ok) return { error: invalid(api, content.errors) }
  const fields = readFields(spec.fields, now())
  if (!fields.ok) return { error: invalid(api, fields.errors) }
  const { assignees, allowsLinks, plan } = fields.value
  const flows = [plan?.remindFlow, plan?.escalateFlow].filter((name) => typeof name === 'string')
  const unknown = flows.find((name) => asked.facts.flowOf.get(name) === null)
  if (unknown !== undefined) return { error: noFlow(unknown) }
  const { held, seq, isAwaited } = asked
  const message: NewMessage = {
    workspaceId: held.workspaceId,
    id: spec.id,
    executionId: held.executionId,
    generation: held.generation,
    seq,
    isAwaited,
    title: titleOf(content.value),
    form: JSON.stringify(content.value),
    assignees,
    allowsLinks,
    plan: plan === null ? null : JSON.stringify(plan),
    nextAt: plan === null ? null : (nextStep(plan, NOTHING_DONE)?.at ?? null),
    dueAt: plan?.dueAt ?? null,
  }
  return { message }
}

/** What it is called where there is room for one line. */
function titleOf({ subject, text, items }: Form): string {
  const label = items.find(isField)?.label ?? null
  const [line = ''] = (subject ?? text ?? label ?? '').trim().split(/[\r\n]/, 1)
  return line === '' ? 'Message' : pgText(line.slice(0, CONTENT_LIMITS.subjectChars))
}

/** A message that this very activation makes, as its row will be. */
const asRow = (message: NewMessage): MessageRow => ({
  workspace_id: message.workspaceId,
  id: message.id,
  execution_id: message.executionId,
  generation: message.generation,
  seq: message.seq,
  is_awaited: message.isAwaited,
  status: 'OPEN',
  title: message.title,
  form: message.form,
  assignees: message.assignees,
  allows_links: message.allowsLinks,
  plan: message.plan,
  progress: null,
  next_at: message.nextAt,
  due_at: message.dueAt,
  changes: 1,
  created_at: now(),
  response: null,
  button: null,
  answered_at: null,
  answered_by: null,
  answered_by_id: null,
  closed_at: null,
  closed_why: null,
  expires_at: null,
  execution_name: null,
  flow_id: null,
  project_id: null,
})

/** What code may read of a message. */
const readable = (row: MessageRow): Json => ({
  id: row.id,
  subject: row.title,
  status: row.status,
  execution_id: row.execution_id,
  assignees: row.assignees,
  created_at: new Date(row.created_at).toISOString(),
  due_at: timeOrNull(row.due_at),
  response: row.response === null ? null : (JSON.parse(row.response) as Json),
  button: row.button,
  answered_at: timeOrNull(row.answered_at),
  answered_by: row.answered_by,
  closed_at: timeOrNull(row.closed_at),
  closed_why: row.closed_why,
})

const timeOrNull = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString()

/** The code is given values, never references. */
function inPlace(outcome: Outcome, row: MessageRow): Outcome {
  if (outcome.kind !== 'value' || 'v' in outcome.value) return outcome
  const { button, answered_by: by, answered_at: at, response } = row
  const answer = { button, answered_by: by, answered_at: timeOrNull(at) }
  return value({ response: JSON.parse(response ?? 'null') as Json, ...answer })
}

const value = (v: Json): Outcome => ({ kind: 'value', value: { v } })
const refuse = (error: ErrorValue): Outcome => ({ kind: 'error', error })

function invalid(api: string, errors: readonly FieldError[]): ErrorValue {
  const text = errors.map(({ pointer, message }) =>
    pointer === '' ? message : `${pointer.replace(/^\//, '')} ${message}`,
  )
  return {
    name: 'InvalidInputError',
    message: `${api}: ${text.slice(0, 3).join('; ')}`,
    details: { errors: errors.map(({ pointer, message }) => ({ pointer, message })) },
  }
}

const noFlow = (name: string): ErrorValue => ({
  name: 'ResourceNotFoundError',
  message: `there is no flow named "${name}" in this workspace; create it, or check the spelling`,
  details: { type: 'flow', name },
})
