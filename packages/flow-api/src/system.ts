import type { ChildExecution } from './child-execution.ts'
import type { File } from './files.ts'
import type { Semaphore, Setting } from './locks.ts'
import type { Message } from './message.ts'
import type { ReturnWhen } from './options.ts'

/** What is not tied to the execution that runs. */
export interface System {
  readonly returnWhen: typeof ReturnWhen
  /** The setting of that name. Asks nothing by itself. */
  setting(name: string): Setting
  /** The semaphore of that name. `capacity`: from 1 to 1,000,000. Asks nothing by itself. */
  semaphore(name: string, capacity: number): Semaphore
  /**
   * The file of that name, a path such as `reports/sales.csv`. Asks nothing by itself. Throws
   * InvalidInputError for what is no such path.
   */
  file(name: string): File
  /** The execution of that id, in this workspace. Asks nothing by itself. */
  execution(id: string): ChildExecution
  /** The message of that id, in this workspace. Asks nothing by itself. */
  message(id: string): Message
}
