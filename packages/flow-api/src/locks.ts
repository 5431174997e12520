import type { LockOptions } from './options.ts'
import type { StoredRecord } from './records.ts'

/** A lock: first come, first served; held by one execution; released when that ends. */
export interface Lock {
  readonly name: string
  /**
   * Waits until it is this execution's. The token grows with each holder: pass it on to whatever
   * must refuse a former one. Throws LockTimeoutError, and DeadlockError when the wait could never
   * end.
   */
  acquire(options?: LockOptions): Promise<{ readonly token: any }>
  /** Harmless when it is not held. */
  release(): Promise<void>
  /** Runs `work` while it holds the lock, and releases it whatever came of that. */
  lock<T>(work: () => T | Promise<T>, options?: LockOptions): Promise<T>
}

/** A setting: a JSON value under a name, and a lock under the same name. */
export interface Setting extends Lock {
  /**
   * Its value, or fields of its record as of any other. Throws ResourceNotFoundError when there is no
   * such setting.
   */
  get(field?: string): Promise<any>
  get(...fields: string[]): Promise<any[]>
  /** As `get`, always from the record as it is now. */
  load(field?: string): Promise<any>
  load(...fields: string[]): Promise<any[]>
  /** Sets the whole value; creates the setting when there is none. */
  set(value: unknown): Promise<void>
  exists(): Promise<boolean>
  /** Writes fields of its record, such as `description`; makes it when there is none. */
  save(fields?: { readonly [field: string]: unknown }): Promise<this>
  /** To the trash; false when there is none. */
  delete(): Promise<boolean>
  /** Makes another one like it, but for `fields`. Without a `name` it is called `<name> copy`. */
  clone(fields?: { readonly [field: string]: unknown }): Promise<StoredRecord>
}

/** A lock that `capacity` executions may hold at once. */
export interface Semaphore extends Lock {
  readonly capacity: number
}
