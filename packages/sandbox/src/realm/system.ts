import type { Json } from '@millrace/replay'
import { nameOf, ReturnWhenNames, textOf } from './arguments.ts'
import { ChildExecution } from './child-execution.ts'
import { StoredFile } from './files.ts'
import { Semaphore, Setting } from './locks.ts'
import { Message } from './message.ts'
import { promised } from './promised.ts'
import { listRecords, StoredRecord } from './records.ts'
import type { Run } from './run.ts'
import { splitUrl } from './split-url.ts'

/** Those that are records and nothing else; the others have ways of their own besides. */
const PLAIN_RECORDS = [
  'flow',
  'connector',
  'project',
  'schedule',
  'scheduler',
  'webhook',
  'wrapper',
  'user',
] as const

/** `system`: what is not tied to this execution. */
export class System {
  readonly #run: Run

  // One method like the other: `flow(name)` and `flows(options)`, and so on.
  static {
    const define = (name: string, value: (this: System, given: unknown) => unknown): void =>
      void Object.defineProperty(System.prototype, name, { value })
    for (const type of PLAIN_RECORDS)
      define(type, function (key) {
        return new StoredRecord(this.#run, type, key)
      })
    for (const type of [...PLAIN_RECORDS, 'setting', 'file'])
      define(`${type}s`, function (options) {
        return this.#list(type, options, (id) => new StoredRecord(this.#run, type, id))
      })
  }

  constructor(run: Run) {
    this.#run = run
    Object.freeze(this)
  }

  get returnWhen(): typeof ReturnWhenNames {
    return ReturnWhenNames
  }

  setting(name: unknown): Setting {
    return new Setting(this.#run, nameOf('system.setting', 'name', name))
  }

  semaphore(name: unknown, capacity: unknown): Semaphore {
    return new Semaphore(this.#run, name, capacity)
  }

  file(name: unknown): StoredFile {
    return new StoredFile(this.#run, name)
  }

  execution(id: unknown): ChildExecution {
    return new ChildExecution(this.#run, { id: textOf('system.execution', 'id', id) })
  }

  message(id: unknown): Message {
    return new Message(this.#run, { id: textOf('system.message', 'id', id) })
  }

  executions(options?: unknown): Promise<ChildExecution[]> {
    return this.#list('execution', options, (id) => new ChildExecution(this.#run, { id }))
  }

  messages(options?: unknown): Promise<Message[]> {
    return this.#list('message', options, (id) => new Message(this.#run, { id }))
  }

  splitUrl(url: unknown): Record<string, Json> {
    return splitUrl(url)
  }

  #list<T>(type: string, options: unknown, make: (id: string) => T): Promise<T[]> {
    return promised(() =>
      listRecords(this.#run, type, options).then((ids) => ids.map((id) => make(id))),
    )
  }
}
