import { childId } from '@millrace/replay'
import type { Json, Outcome } from '@millrace/replay'
import {
  booleanOf,
  invalid,
  objectOf,
  onlyKeys,
  secondsOf,
  textOf,
  timeOf,
  timeoutOf,
} from './arguments.ts'
import { valueOrThrow } from './child-execution.ts'
import { isRecord, MessageResponseTimeoutError, withFrames } from './exceptions.ts'
import { promised } from './promised.ts'
import type { Run } from './run.ts'
import { jsonText } from './text.ts'

/** What the code knows of a message; it changes only when an answer says so. */
export class Message {
  readonly #run: Run
  readonly #known: Record<string, Json>

  constructor(run: Run, known: Record<string, Json>) {
    this.#run = run
    this.#known = known
    Object.freeze(this)
  }

  get id(): string {
    return this.#known['id'] as string
  }
  get subject(): Json {
    return this.#known['subject'] ?? null
  }
  get status(): Json {
    return this.#known['status'] ?? null
  }
  get response(): Json {
    return this.#known['response'] ?? null
  }
  get button(): Json {
    return this.#known['button'] ?? null
  }

  get(...fields: unknown[]): Promise<Json> {
    return promised(() => {
      const names = readableOf('message.get', fields)
      const isKnown = names.every((name) => Object.hasOwn(this.#known, name))
      if (isKnown) return Promise.resolve(this.#pick(names))
      return this.#read('message.get').then(() => this.#pick(names))
    })
  }

  load(...fields: unknown[]): Promise<Json> {
    return promised(() => {
      const names = readableOf('message.load', fields)
      return this.#read('message.load').then(() => this.#pick(names))
    })
  }

  wait(options?: unknown): Promise<Message> {
    return promised(() => {
      const api = 'message.wait'
      const given = objectOf(api, 'options', options)
      onlyKeys(api, 'options', given, ['timeout'])
      const timeout = timeoutOf(api, given['timeout'])
      const args = (): string => `"id":${JSON.stringify(this.id)},"timeout":${timeout ?? 'null'}`
      const call = { api, kind: 'message_wait', label: this.#label(), args } as const
      return this.#run.ask(call, (outcome, frames) => this.#answered(outcome, timeout, frames))
    })
  }

  link(recipient: unknown, options?: unknown): Promise<Json> {
    return promised(() => {
      const api = 'message.link'
      const who = textOf(api, 'recipient', recipient)
      const given = objectOf(api, 'options', options)
      onlyKeys(api, 'options', given, ['expires_after'])
      const after = given['expires_after'] ?? null
      const seconds = after === null ? null : secondsOf(api, 'options.expires_after', after)
      const args = (): string =>
        `"id":${JSON.stringify(this.id)},"recipient":${JSON.stringify(who)},"expiresAfter":${seconds ?? 'null'}`
      return this.#run.ask(
        { api, kind: 'message_link', label: who.slice(0, MESSAGE_LABEL_MAX), args },
        valueOrThrow,
      )
    })
  }

  toJSON(): Json {
    const { id, subject, status, response, button } = this
    return { id, subject, status, response, button }
  }

  /** Only the realm has use for it: authors hold no run. */
  static ask(run: Run, given: unknown): Promise<Message> {
    const api = 'self.message'
    const spec = objectOf(api, 'the first argument', given)
    onlyKeys(api, 'the message', spec, MESSAGE_KEYS)
    const wait = spec['wait'] === undefined ? true : booleanOf(api, 'wait', spec['wait'])
    const timeout = timeoutOf(api, spec['timeout'])
    if (!wait && timeout !== null)
      throw invalid(api, 'timeout', 'left out when nobody waits; give it to wait()', timeout)
    const content = messageJson(run, api, spec, MESSAGE_CONTENT)
    const fields = messageJson(run, api, spec, MESSAGE_FIELDS)
    const label = messageLabel(spec)
    let id = ''
    const args = (seq: number): string => {
      const life = run.lifeOf(seq)
      id = childId(life.id, life.generation, seq, run.now)
      return `"message":{"id":"${id}","content":${content},"fields":${fields}},"wait":${wait},"timeout":${timeout ?? 'null'}`
    }
    return run.ask({ api, kind: 'message', label, args }, (outcome, frames) => {
      const message = new Message(run, { id, ...messageSubject(spec), status: 'OPEN' })
      if (wait) return message.#answered(outcome, timeout, frames, label)
      valueOrThrow(outcome, frames)
      return message
    })
  }

  #answered(
    outcome: Outcome,
    timeout: number | null,
    frames: () => string,
    label = this.#label(),
  ): this {
    if (outcome.kind === 'timeout') {
      const text = `nobody answered the message "${label}" within ${timeout ?? 0} s`
      throw withFrames(new MessageResponseTimeoutError(text), frames)
    }
    const value = valueOrThrow(outcome, frames)
    if (isRecord(value)) Object.assign(this.#known, value, { status: 'ANSWERED' })
    return this
  }

  #read(api: string): Promise<void> {
    const args = (): string => `"id":${JSON.stringify(this.id)}`
    const call = { api, kind: 'message_read', label: this.#label(), args } as const
    return this.#run.ask(call, (outcome, frames) => {
      const value = valueOrThrow(outcome, frames)
      if (isRecord(value)) Object.assign(this.#known, value)
    })
  }

  #pick(names: readonly string[]): Json {
    const values = names.map((name) => this.#known[name] ?? null)
    return values.length === 1 ? (values[0] ?? null) : values
  }

  #label(): string {
    return typeof this.subject === 'string' ? this.subject.slice(0, MESSAGE_LABEL_MAX) : this.id
  }
}

const MESSAGE_CONTENT = ['subject', 'message', 'request', 'body']
const MESSAGE_FIELDS = [
  'assignees',
  'allows_links',
  'due_at',
  'due_after',
  'remind_after',
  'remind_every',
  'remind_times',
  'remind_flow',
  'remind_input',
  'escalate_at',
  'escalate_after',
  'escalate_flow',
  'escalate_input',
  'escalate_assignees',
]
const MESSAGE_KEYS = [...MESSAGE_CONTENT, ...MESSAGE_FIELDS, 'wait', 'timeout']
const MESSAGE_TIMES = ['due_at', 'escalate_at']
const MESSAGE_READABLE = [
  'id',
  'subject',
  'status',
  'response',
  'button',
  'answered_at',
  'answered_by',
  'assignees',
  'closed_at',
  'closed_why',
  'created_at',
  'due_at',
  'execution_id',
]
const MESSAGE_LABEL_MAX = 128

/** Those of `names` that were given, as JSON text; times as RFC 3339. */
function messageJson(
  run: Run,
  api: string,
  spec: Record<string, unknown>,
  names: readonly string[],
): string {
  const given: Record<string, unknown> = {}
  for (const name of names) {
    const value = spec[name]
    if (value === undefined || value === null) continue
    given[name] = MESSAGE_TIMES.includes(name)
      ? new Date(timeOf(api, name, value)).toISOString()
      : value
  }
  return run.checked(() => jsonText(given, 'The message'))
}

/** What is known of it without asking: a form may bring a title of its own. */
function messageSubject({ subject }: Record<string, unknown>): Record<string, Json> {
  return typeof subject === 'string' ? { subject } : {}
}

/** What a person would call it. */
function messageLabel(spec: Record<string, unknown>): string {
  const texts = ['subject', 'message', 'request'].map((name) => spec[name])
  const text = texts.find((one) => typeof one === 'string' && one.trim() !== '')
  if (typeof text !== 'string') return 'message'
  return (text.trim().split('\n')[0] ?? '').slice(0, MESSAGE_LABEL_MAX)
}

function readableOf(api: string, fields: readonly unknown[]): string[] {
  if (fields.length === 0) throw invalid(api, 'fields', 'at least one name', undefined)
  return fields.map((field) => {
    const name = textOf(api, 'field', field)
    if (MESSAGE_READABLE.includes(name)) return name
    throw invalid(api, 'field', `one of ${MESSAGE_READABLE.join(', ')}`, name)
  })
}
