import type { ChildExecution } from './child-execution.ts'
import type { File } from './files.ts'
import type { Semaphore, Setting } from './locks.ts'
import type { Message } from './message.ts'
import type { ReturnWhen } from './options.ts'
import type { ListOptions, RestAddress, StoredRecord } from './records.ts'

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

  /** The flow of that name or id. This one and the next ask nothing by themselves. */
  flow(key: string): StoredRecord
  connector(key: string): StoredRecord
  project(key: string): StoredRecord
  schedule(key: string): StoredRecord
  scheduler(key: string): StoredRecord
  webhook(key: string): StoredRecord
  wrapper(key: string): StoredRecord
  /** To be read only. */
  user(key: string): StoredRecord

  /**
   * The flows that there are at this moment: what is made later is not among them, and one that is
   * removed before its turn still is; to read it then throws ResourceNotFoundError.
   *
   *     for (const flow of await system.flows({ filter: { field: 'name', op: 'like', value: 'a%' } }))
   */
  flows(options?: ListOptions): Promise<StoredRecord[]>
  connectors(options?: ListOptions): Promise<StoredRecord[]>
  projects(options?: ListOptions): Promise<StoredRecord[]>
  schedules(options?: ListOptions): Promise<StoredRecord[]>
  schedulers(options?: ListOptions): Promise<StoredRecord[]>
  webhooks(options?: ListOptions): Promise<StoredRecord[]>
  wrappers(options?: ListOptions): Promise<StoredRecord[]>
  settings(options?: ListOptions): Promise<StoredRecord[]>
  files(options?: ListOptions): Promise<StoredRecord[]>
  /** Without a filter and by name. */
  users(options?: Pick<ListOptions, 'limit'>): Promise<StoredRecord[]>
  /** Filters as over HTTP: most need a range of time of at most seven days. */
  executions(options?: ListOptions): Promise<ChildExecution[]>
  messages(options?: ListOptions): Promise<Message[]>

  /**
   * An address as the inputs of a REST connection:
   * `self.connect({ connector_type: 'REST', ...system.splitUrl(url) })`. Asks nothing. Throws
   * InvalidInputError for what does not begin with https:// or http://.
   */
  splitUrl(url: string): RestAddress
}
