import type { EndedExecution, Json, Outcome, ReturnWhen } from '@millrace/replay'
import { invalid, objectOf, onlyKeys, returnWhenOf, textOf, timeoutOf } from './arguments.ts'
import {
  ConnectionError,
  DependencyFailedError,
  DependencyTimeoutError,
  errorOf,
  EXCEPTIONS,
  isRecord,
  withFrames,
} from './exceptions.ts'
import { plainValue } from './run.ts'
import type { Run } from './run.ts'
import { promised } from './promised.ts'

/** What the code knows of another execution; it changes only when an answer says so. */
export class ChildExecution {
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
  get name(): Json {
    return this.#known['name'] ?? null
  }
  get type(): Json {
    return this.#known['type'] ?? null
  }
  get status(): Json {
    return this.#known['status'] ?? null
  }
  get message(): Json {
    return this.#known['message'] ?? null
  }
  get output(): Json {
    return this.#known['output_value'] ?? null
  }

  get(...fields: unknown[]): Promise<Json> {
    return promised(() => {
      const names = fieldsOf('get', fields)
      const missing = names.filter((name) => !Object.hasOwn(this.#known, name))
      if (missing.length === 0) return Promise.resolve(this.#pick(names))
      return this.#read('get', missing).then(() => this.#pick(names))
    })
  }

  load(...fields: unknown[]): Promise<Json> {
    return promised(() => {
      const names = fieldsOf('load', fields)
      return this.#read('load', names).then(() => this.#pick(names))
    })
  }

  exists(): Promise<boolean> {
    return promised(() => {
      const args = (): string =>
        `"request":{"action":"exists","type":"execution","key":${JSON.stringify(this.id)}}`
      return this.#run.ask(
        { api: 'execution.exists', kind: 'record', label: this.id, args },
        (outcome, frames) => valueOrThrow(outcome, frames) === true,
      )
    })
  }

  wait(options?: unknown): Promise<ChildExecution> {
    return promised(() => {
      const api = 'execution.wait'
      const given = objectOf(api, 'options', options)
      onlyKeys(api, 'options', given, ['returnWhen', 'timeout'])
      const returnWhen = returnWhenOf(api, 'returnWhen', given['returnWhen'] ?? 'ALL_SUCCEEDED', 1)
      return waitFor(this.#run, api, [this], returnWhen, timeoutOf(api, given['timeout'])).then(
        () => this,
      )
    })
  }

  run(options?: unknown): Promise<ChildExecution> {
    return promised(() => this.#resumeIfParked('execution.run').then(() => this.wait(options)))
  }

  runAsync(): Promise<ChildExecution> {
    return promised(() => this.#resumeIfParked('execution.runAsync').then(() => this))
  }

  pause(): Promise<void> {
    return promised(() => this.#control('execution.pause', 'pause'))
  }

  resume(): Promise<void> {
    return promised(() => this.#control('execution.resume', 'resume'))
  }

  cancel(): Promise<void> {
    return promised(() => this.#control('execution.cancel', 'cancel'))
  }

  toJSON(): Json {
    const { id, name, type, status, message, output } = this
    return { id, name, type, status, message, output }
  }

  static isChild(value: unknown): value is ChildExecution {
    return typeof value === 'object' && value !== null && #known in value
  }

  /** Only the realm has use for these two: authors hold no outcome and no run. */
  static learn(child: ChildExecution, ended: EndedExecution): void {
    child.#known['status'] = ended.status
    child.#known['message'] = ended.message
    child.#known['output_value'] = plainValue({ kind: 'value', value: ended.output })
  }

  static note(child: ChildExecution, facts: Record<string, Json>): void {
    Object.assign(child.#known, facts)
  }

  static known(child: ChildExecution, field: string): Json | undefined {
    return child.#known[field]
  }

  #pick(names: readonly string[]): Json {
    const values = names.map((name) => this.#known[name] ?? null)
    return values.length === 1 ? (values[0] ?? null) : values
  }

  #read(method: string, fields: readonly string[]): Promise<void> {
    const args = (): string => `"id":${JSON.stringify(this.id)},"fields":${JSON.stringify(fields)}`
    return this.#run.ask(
      { api: `execution.${method}`, kind: 'read', label: fields.join(', '), args },
      (outcome, frames) => {
        const value = valueOrThrow(outcome, frames)
        if (isRecord(value)) Object.assign(this.#known, value)
      },
    )
  }

  #control(api: string, action: 'pause' | 'resume' | 'cancel'): Promise<void> {
    const args = (): string => `"action":"${action}","id":${JSON.stringify(this.id)}`
    return this.#run.ask({ api, kind: 'control', label: action, args }, (outcome, frames) => {
      const value = valueOrThrow(outcome, frames)
      if (isRecord(value) && typeof value['status'] === 'string')
        this.#known['status'] = value['status']
    })
  }

  #resumeIfParked(api: string): Promise<void> {
    if (this.status !== 'PAUSED') return Promise.resolve()
    return this.#control(api, 'resume')
  }
}

/** Waits for executions; resolves with those that have ended, in the order of the call. */
export function waitFor(
  run: Run,
  api: string,
  children: readonly ChildExecution[],
  returnWhen: ReturnWhen,
  timeout: number | null,
): Promise<ChildExecution[]> {
  const args = (): string =>
    `"ids":${JSON.stringify(children.map((child) => child.id))},"returnWhen":${JSON.stringify(returnWhen)},"timeout":${timeout ?? 'null'}`
  const label =
    children.length === 1
      ? String(children[0]?.name ?? children[0]?.id)
      : `${children.length} executions`
  return run.ask({ api, kind: 'wait', label, args }, (outcome, frames) =>
    endedOf(outcome, children, label, frames),
  )
}

/** Those that have ended; throws when the wait failed or ran out of time. */
export function endedOf(
  outcome: Outcome,
  children: readonly ChildExecution[],
  label: string,
  frames: () => string,
): ChildExecution[] {
  if (outcome.kind === 'timeout') {
    throw withFrames(new DependencyTimeoutError(`${label} did not end within the timeout`), frames)
  }
  if (outcome.kind !== 'dependency') {
    valueOrThrow(outcome, frames)
    return []
  }
  const byId = handlesOf(children)
  const learned = new Set<ChildExecution>()
  for (const facts of outcome.ended) {
    for (const child of byId.get(facts.id) ?? []) {
      ChildExecution.learn(child, facts)
      learned.add(child)
    }
  }
  const ended = [...learned]
  if (outcome.verdict === 'met') return ended
  throw withFrames(failureOf(ended), frames)
}

/** One execution may stand there more than once: each that stands for it learns of its end. */
function handlesOf(children: readonly ChildExecution[]): Map<string, ChildExecution[]> {
  const byId = new Map<string, ChildExecution[]>()
  for (const child of children) {
    const same = byId.get(child.id)
    if (same === undefined) byId.set(child.id, [child])
    else same.push(child)
  }
  return byId
}

export function valueOrThrow(outcome: Outcome, frames: () => string): Json {
  if (outcome.kind === 'error') throw errorOf(outcome.error, frames)
  return plainValue(outcome)
}

const INPUT_ERRORS = [
  'MissingInputError',
  'InvalidInputError',
  'ExtraInputError',
  'SchemaValidationError',
]

function failureOf(ended: readonly ChildExecution[]): Error {
  const failed = ended.filter(({ status }) => status !== 'ENDED_SUCCESS')
  const [first] = failed
  if (first === undefined)
    return new DependencyFailedError('an execution that was waited for has failed', ended)
  const how = first.status === 'ENDED_CANCELLED' ? 'was cancelled' : 'ended in error'
  const text = first.message === null ? '' : `: ${String(first.message)}`
  const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : ''
  const message = `${String(first.name ?? first.id)} ${how}${others}${text}`
  if (first.type !== 'CONNECTION') return new DependencyFailedError(message, ended)
  const facts =
    isRecord(first.output) && isRecord(first.output['error']) ? first.output['error'] : {}
  const name = facts['name']
  if (facts['code'] === 'INPUT' && typeof name === 'string' && INPUT_ERRORS.includes(name)) {
    const Known = EXCEPTIONS[name as 'MissingInputError']
    return new Known(message, { details: facts as Json })
  }
  return new ConnectionError(message, ended, facts)
}

function fieldsOf(method: string, fields: readonly unknown[]): string[] {
  const api = `execution.${method}`
  if (fields.length === 0) throw invalid(api, 'fields', 'at least one field name', undefined)
  return fields.map((field) => {
    const name = textOf(api, 'fields', field)
    return name === 'output' ? 'output_value' : name === 'input' ? 'input_value' : name
  })
}
