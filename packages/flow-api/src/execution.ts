import type { ChildExecution } from './child-execution.ts'
import type { Message, MessageOptions } from './message.ts'
import type { ChildOptions, ConnectorSpec, EndStatus, SaveFields, WaitOptions } from './options.ts'
import type { System } from './system.ts'

/** A flow's handler. What it returns is the execution's output, unless `setOutput` was used. */
export type Handler<Inputs = any> = (system: System, self: Execution, inputs: Inputs) => unknown

/** How children are started: by `self` itself, and by what `self.using` gives through wrappers. */
export interface Starter {
  /**
   * Starts a flow by name or id as a child and waits until it has succeeded, unless the options say
   * otherwise. Throws DependencyFailedError, DependencyTimeoutError, ResourceNotFoundError.
   */
  flow(
    name: string,
    inputs?: { readonly [key: string]: any },
    options?: ChildOptions,
  ): Promise<ChildExecution>
  /**
   * Calls a third-party system through a stored connector, or through a type with all its inputs
   * inline. Throws ConnectionError with `code`, `phase` and `outcome`; MissingInputError,
   * InvalidInputError, ExtraInputError and SchemaValidationError for wrong inputs.
   */
  connect(
    connector: string,
    inputs?: { readonly [key: string]: any },
    options?: ChildOptions,
  ): Promise<ChildExecution>
  connect(
    spec: ConnectorSpec | { connector_type: string; [input: string]: any },
    options?: ChildOptions,
  ): Promise<ChildExecution>
  /** Runs a source text as a child, as `flow` runs a flow. */
  script(
    source: string,
    inputs?: { readonly [key: string]: any },
    options?: ChildOptions,
  ): Promise<ChildExecution>
  /**
   * A starter whose children run through this wrapper, a name or id: it runs in place of each, gets
   * `inputs` and knows how to start the child. `using` on what it gives names a wrapper inside of it.
   * Asks nothing by itself.
   */
  using(wrapper: string, inputs?: { readonly [key: string]: any }): Starter
}

/** The execution that runs. Wrong arguments throw InvalidInputError, which names the argument. */
export interface Execution extends Starter {
  readonly id: string
  readonly name: string | null
  readonly type: string
  readonly workspaceId: string
  readonly parentId: string | null

  /**
   * In a wrapper: starts what it runs in place of as a child, as `flow` does, with the inputs of its
   * caller unless others are given. Any number of times.
   */
  wrapped(inputs?: { readonly [key: string]: any }, options?: ChildOptions): Promise<ChildExecution>
  /**
   * Asks people and waits for the first answer, unless told otherwise. Throws
   * MessageResponseTimeoutError; the execution stands in WAITING_RESPONSE meanwhile.
   */
  message(message: MessageOptions): Promise<Message>
  /**
   * Runs `work` once and records what it returns or throws; it is not run again after a crash. What
   * it gives is what JSON keeps of it. Calls of the API inside of it are refused. An `async` function
   * begins when the code around it awaits; whatever else returns a promise should be made one, since
   * its random numbers and calls cannot always be told from those of the flow that runs beside it.
   */
  step<T>(name: string, work: () => T | Promise<T>): Promise<T>
  /** Appends one line to the log; any values. */
  log(...values: unknown[]): void
  /** Goes on after that many seconds, never before. */
  sleep(seconds: number): Promise<void>
  /** Goes on at that time, never before: a Date, ms since 1970 or an RFC 3339 time. */
  sleepUntil(time: Date | number | string): Promise<void>
  /**
   * Waits for executions of this workspace, given as such or by id. Resolves with those that have
   * ended, in the order given. Throws DependencyFailedError, whose `executions` are those that have
   * ended, and DependencyTimeoutError.
   */
  waitFor(
    executions: ChildExecution | string | readonly (ChildExecution | string)[],
    options?: WaitOptions,
  ): Promise<ChildExecution[]>
  /** Fields of its own record, such as `input_value`. One gives its value, several an array. */
  get(field: string): Promise<any>
  get(...fields: string[]): Promise<any[]>

  /**
   * These four end the execution. They throw a signal: code after them does not run, `finally` does,
   * and a signal that was caught is thrown again by the next call of the API.
   */
  success(message?: string): never
  error(message?: unknown): never
  cancel(message?: string): never
  end(status: EndStatus | 'success' | 'error' | 'cancelled', message?: string): never

  /** Pauses this execution; goes on once somebody has resumed it. */
  pause(): Promise<void>
  /**
   * Makes a savepoint that `revert` finds by its name; the newest of a name counts. Answers with how
   * often the execution has come back to it: 0 at first. `saveDump` is the same.
   */
  savepoint(name?: string): Promise<number>
  saveDump(name?: string): Promise<number>
  /**
   * Goes back to a savepoint, by its name or the number of a call (0: the beginning), and on from there
   * with what was known then. It throws a signal, as `success` does. Locks are given up, children stay
   * as they are; what was done outside stays done. A thousand times to one savepoint is the limit.
   * Throws ResourceNotFoundError when there is no such savepoint. `loadDump` is the same.
   */
  revert(to: string | number): never
  loadDump(to: string | number): never

  /** Sets keys of the output. From then on what the handler returns is not the output. */
  setOutput(key: string, value: unknown): void
  setOutput(values: { readonly [key: string]: unknown }): void
  /** Changes its own record. */
  save(fields: SaveFields): void
}
