import type { Json } from '@millrace/replay'
import {
  functionOf,
  invalid,
  messageOf,
  nameOf,
  objectOf,
  onlyKeys,
  returnWhenOf,
  textOf,
  timeOf,
  timeoutOf,
} from './arguments.ts'
import { ChildExecution, valueOrThrow, waitFor } from './child-execution.ts'
import { ExecutionCancel, ExecutionError, ExecutionSuccess, isRecord } from './exceptions.ts'
import { writeLog } from './log.ts'
import { Message } from './message.ts'
import { promised } from './promised.ts'
import type { Run } from './run.ts'
import { revertTo, savepoint } from './savepoint.ts'
import { saveFields, setOutput } from './save.ts'
import { connectorTarget, scriptTarget, sleepArgs, startChild } from './start-child.ts'
import { Starter } from './starter.ts'
import { step } from './step.ts'
import { startWrapped } from './wrapped.ts'

/** `self`: the execution that the code runs in. */
export class SelfExecution {
  readonly #run: Run

  constructor(run: Run) {
    this.#run = run
    Object.freeze(this)
  }

  get id(): string {
    return this.#run.facts.id
  }
  get name(): string | null {
    return this.#run.name
  }
  get type(): string {
    return this.#run.facts.type
  }
  get workspaceId(): string {
    return this.#run.facts.workspaceId
  }
  get parentId(): string | null {
    return this.#run.facts.parentId
  }

  flow(name: unknown, inputs?: unknown, options?: unknown): Promise<ChildExecution> {
    return promised(() => {
      const api = 'self.flow'
      const value = nameOf(api, 'name', name)
      return startChild(
        this.#run,
        api,
        { type: 'FLOW', field: 'flow', value, label: value },
        inputs,
        options,
      )
    })
  }

  connect(connector: unknown, ...rest: unknown[]): Promise<ChildExecution> {
    return promised(() => {
      const { target, inputs, options } = connectorTarget(connector, rest)
      return startChild(this.#run, 'self.connect', target, inputs, options)
    })
  }

  script(source: unknown, inputs?: unknown, options?: unknown): Promise<ChildExecution> {
    return promised(() =>
      startChild(this.#run, 'self.script', scriptTarget(source), inputs, options),
    )
  }

  using(wrapper: unknown, inputs?: unknown): Starter {
    return new Starter(this.#run, []).using(wrapper, inputs)
  }

  wrapped(inputs?: unknown, options?: unknown): Promise<ChildExecution> {
    return promised(() => startWrapped(this.#run, inputs, options))
  }

  message(message: unknown): Promise<Message> {
    return promised(() => Message.ask(this.#run, message))
  }

  step(name: unknown, work: unknown): Promise<Json> {
    return promised(() => {
      const api = 'self.step'
      const label = nameOf(api, 'name', name)
      return step(this.#run, label, functionOf<unknown>(api, 'the second argument', work))
    })
  }

  log(...values: unknown[]): void {
    writeLog(this.#run, 'self.log', values)
  }

  sleep(seconds: unknown): Promise<void> {
    return promised(() => {
      const api = 'self.sleep'
      const { text, label } = sleepArgs(api, seconds)
      return this.#run.ask({ api, kind: 'sleep', label, args: () => text }, (outcome, frames) => {
        valueOrThrow(outcome, frames)
      })
    })
  }

  sleepUntil(time: unknown): Promise<void> {
    return promised(() => {
      const api = 'self.sleepUntil'
      const until = timeOf(api, 'time', time)
      const args = (): string => `"until":${until}`
      return this.#run.ask(
        { api, kind: 'sleep', label: `until ${until}`, args },
        (outcome, frames) => {
          valueOrThrow(outcome, frames)
        },
      )
    })
  }

  waitFor(executions: unknown, options?: unknown): Promise<ChildExecution[]> {
    return promised(() => {
      const api = 'self.waitFor'
      const given = objectOf(api, 'options', options)
      onlyKeys(api, 'options', given, ['returnWhen', 'timeout'])
      const children = this.#childrenOf(api, executions)
      const wanted = given['returnWhen'] ?? 'ALL_SUCCEEDED'
      const returnWhen = returnWhenOf(api, 'returnWhen', wanted, children.length)
      const timeout = timeoutOf(api, given['timeout'])
      if (children.length === 0) {
        if (returnWhen === 'ALL_ENDED' || returnWhen === 'ALL_SUCCEEDED') return Promise.resolve([])
        throw invalid(api, 'executions', 'a list of at least one execution', executions)
      }
      return waitFor(this.#run, api, children, returnWhen, timeout)
    })
  }

  get(...fields: unknown[]): Promise<Json> {
    return promised(() => {
      const run = this.#run
      const { facts } = run
      const child = new ChildExecution(run, {
        id: facts.id,
        type: facts.type,
        name: run.name,
        workspace_id: facts.workspaceId,
        parent_execution_id: facts.parentId,
        started_at: new Date(facts.startedAt).toISOString(),
        status: 'AT_ENGINE',
        message: run.message,
        input_value: run.input,
        output_value: JSON.parse(run.output.text ?? 'null') as Json,
      })
      return child.get(...fields)
    })
  }

  success(message?: unknown): never {
    return this.#signal('self.success', new ExecutionSuccess(messageOf(message)))
  }

  error(message?: unknown): never {
    return this.#signal('self.error', new ExecutionError(messageOf(message)))
  }

  cancel(message?: unknown): never {
    return this.#signal('self.cancel', new ExecutionCancel(messageOf(message)))
  }

  end(status: unknown, message?: unknown): never {
    const api = 'self.end'
    const name = textOf(api, 'status', status)
      .toUpperCase()
      .replace(/^ENDED_/, '')
    const text = messageOf(message)
    if (name === 'SUCCESS') return this.#signal(api, new ExecutionSuccess(text))
    if (name === 'ERROR') return this.#signal(api, new ExecutionError(text))
    if (name === 'CANCELLED') return this.#signal(api, new ExecutionCancel(text))
    throw invalid(api, 'status', "'ENDED_SUCCESS', 'ENDED_ERROR' or 'ENDED_CANCELLED'", status)
  }

  pause(): Promise<void> {
    return promised(() => new ChildExecution(this.#run, { id: this.id }).pause())
  }

  savepoint(name?: unknown): Promise<number> {
    return promised(() => savepoint(this.#run, 'self.savepoint', name))
  }

  saveDump(name?: unknown): Promise<number> {
    return promised(() => savepoint(this.#run, 'self.saveDump', name))
  }

  revert(to: unknown): never {
    return revertTo(this.#run, 'self.revert', to)
  }

  loadDump(to: unknown): never {
    return revertTo(this.#run, 'self.loadDump', to)
  }

  setOutput(first: unknown, value?: unknown): void {
    setOutput(
      this.#run,
      isRecord(first) ? first : { [textOf('self.setOutput', 'key', first)]: value },
    )
  }

  save(fields: unknown): void {
    saveFields(this.#run, fields)
  }

  toJSON(): Json {
    const { id, name, type } = this
    return { id, name, type }
  }

  #signal(api: string, signal: ExecutionSuccess | ExecutionError | ExecutionCancel): never {
    const run = this.#run
    const site = run.enter(api)
    run.line = site.line
    run.lastCommand = api
    throw run.raise(signal)
  }

  #childrenOf(api: string, executions: unknown): ChildExecution[] {
    const list: unknown[] = Array.isArray(executions) ? executions : [executions]
    return list.map((item) => {
      if (ChildExecution.isChild(item)) return item
      if (typeof item === 'string') return new ChildExecution(this.#run, { id: item })
      throw invalid(api, 'executions', 'a list of executions or their ids', item)
    })
  }
}
