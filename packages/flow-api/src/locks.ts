import type { LockOptions } from './options.ts'

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
  /** Its value. Throws ResourceNotFoundError when there is no such setting. */
  get(): Promise<any>
  /** Sets the whole value; creates the setting when there is none. */
  set(value: unknown): Promise<void>
}

/** A lock that `capacity` executions may hold at once. */
export interface Semaphore extends Lock {
  readonly capacity: number
}
