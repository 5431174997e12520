import type { Lock, Request } from './lock.ts'
import { createWorkingLock } from './working-lock.ts'

/**
 * What can happen to a lock. Delivery at-least-once ends before this: requests are rows that are
 * deleted in the transaction that decides them, so a release is counted once. A repeated acquire
 * that still waits is recognised all the same.
 */
export type LockEvent =
  | ({ readonly type: 'acquireRequested' } & Request)
  /** One release of a holder; it lets go when every acquire has its release. */
  | { readonly type: 'releaseRequested'; readonly executionId: string }
  /** The wait is over without a grant: timed out, cancelled, reverted. */
  | ({ readonly type: 'waiterLeft' } & Request)
  /** The execution holds and wants nothing any more: it ended, or was reverted. */
  | { readonly type: 'holderEnded'; readonly executionId: string }
  /** A person took the lock away from the holder with this token. */
  | { readonly type: 'forceReleased'; readonly token: number }
  /** Holders above a smaller capacity stay until they let go. */
  | { readonly type: 'capacityChanged'; readonly capacity: number }

export type LockEventType = LockEvent['type']

/** What has to follow, in order. */
export type LockEffect =
  /** Answer this wait with this token. */
  | ({ readonly kind: 'grant'; readonly token: number } & Request)
  /** A release by an execution that holds nothing, for instance after a forced release. */
  | { readonly kind: 'notHeld'; readonly executionId: string }

export interface LockDecision {
  /** The same object when nothing has changed. */
  readonly next: Lock
  readonly effects: readonly LockEffect[]
}

/**
 * The whole life of a lock: pure and total. First come, first served, by ticket: a request joins
 * the end of the queue even when a slot is free, and slots are given from its head. The only ones
 * who pass the queue are requests of an execution that holds the lock already: they take no slot,
 * and would wait for themselves. For many events at once: `createWorkingLock`.
 */
export function decide(lock: Lock, event: LockEvent): LockDecision {
  const working = createWorkingLock(lock)
  const effects = working.apply(event)
  return { next: working.toLock(), effects }
}
