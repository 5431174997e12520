import type { Json } from './json.ts'
import type { EndStatus, WaitOptions } from './options.ts'

export type ExecutionStatus =
  | EndStatus
  | 'SCHEDULED'
  | 'WAITING_ENGINE'
  | 'WAITING_DEPENDENCY'
  | 'WAITING_LOCK'
  | 'WAITING_RESPONSE'
  | 'AT_ENGINE'
  | 'PAUSED'
  | 'LOST'

/** Another execution as seen from this one: what was known at the last answer about it. */
export interface ChildExecution {
  readonly id: string
  readonly name: string | null
  readonly type: 'FLOW' | 'SCRIPT' | 'CONNECTION' | 'SCHEDULE' | 'WRAPPER' | null
  /** As of the last answer; null when it was never asked for. `load('status')` asks. */
  readonly status: ExecutionStatus | null
  readonly message: string | null
  /** Its output once it has ended; null before. */
  readonly output: any
  /** Whether it is there: not removed, and of this workspace. */
  exists(): Promise<boolean>
  /**
   * Fields of its record, from what is known already, else from the record. One field gives its
   * value, several an array. Throws ResourceNotFoundError when there is no such execution.
   */
  get(field: string): Promise<any>
  get(...fields: string[]): Promise<any[]>
  /** As `get`, always from the record. */
  load(field: string): Promise<any>
  load(...fields: string[]): Promise<any[]>
  /**
   * Waits until it has ended; by default until it has succeeded. Throws DependencyFailedError when
   * that cannot be any more, DependencyTimeoutError when `timeout` seconds have passed.
   */
  wait(options?: WaitOptions): Promise<ChildExecution>
  /** Starts it when it was created with `run: false`, then waits as `wait` does. */
  run(options?: WaitOptions): Promise<ChildExecution>
  /** Starts it when it was created with `run: false`. */
  runAsync(): Promise<ChildExecution>
  /** Keeps it from being processed until it is resumed; what it waits for goes on. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Ends it ENDED_CANCELLED, with all its children that are not orphans. */
  cancel(): Promise<void>
  toJSON(): Json
}
