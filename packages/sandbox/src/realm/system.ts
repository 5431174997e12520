import { nameOf, ReturnWhenNames, textOf } from './arguments.ts'
import { ChildExecution } from './child-execution.ts'
import { StoredFile } from './files.ts'
import { Semaphore, Setting } from './locks.ts'
import { Message } from './message.ts'
import type { Run } from './run.ts'

/** `system`: what is not tied to this execution. */
export class System {
  readonly #run: Run

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
}
