import type { Lock, Request } from './lock.ts'
import { atLeastOne, isSameRequest } from './lock.ts'

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
 * and would wait for themselves.
 */
export function decide(lock: Lock, event: LockEvent): LockDecision {
  switch (event.type) {
    case 'acquireRequested':
      return acquire(lock, event)
    case 'releaseRequested':
      return release(lock, event.executionId)
    case 'waiterLeft':
      return changed(lock, { queue: lock.queue.filter((waiter) => !isSameRequest(waiter, event)) })
    case 'holderEnded':
      return changed(lock, {
        holders: lock.holders.filter((holder) => holder.executionId !== event.executionId),
        queue: lock.queue.filter((waiter) => waiter.executionId !== event.executionId),
      })
    case 'forceReleased':
      return changed(lock, { holders: lock.holders.filter(({ token }) => token !== event.token) })
    case 'capacityChanged':
      return changed(lock, { capacity: atLeastOne(event.capacity) })
  }
}

function acquire(lock: Lock, { executionId, seq, generation }: Request): LockDecision {
  const request = { executionId, seq, generation }
  if (lock.queue.some((waiter) => isSameRequest(waiter, request))) return unchanged(lock)
  const ticket = lock.lastTicket + 1
  return changed(lock, { lastTicket: ticket, queue: [...lock.queue, { ...request, ticket }] })
}

function release(lock: Lock, executionId: string): LockDecision {
  const held = lock.holders.find((holder) => holder.executionId === executionId)
  if (held === undefined) return { next: lock, effects: [{ kind: 'notHeld', executionId }] }
  const holders = lock.holders
    .map((holder) => (holder === held ? { ...holder, depth: holder.depth - 1 } : holder))
    .filter(({ depth }) => depth > 0)
  return changed(lock, { holders })
}

/** Applies a change and serves the queue, so that no slot stays free beside a waiter. */
function changed(lock: Lock, change: Partial<Lock>): LockDecision {
  const { next, effects } = serve({ ...lock, ...change })
  return isSame(lock, next) ? unchanged(lock) : { next, effects }
}

function unchanged(lock: Lock): LockDecision {
  return { next: lock, effects: [] }
}

function serve(lock: Lock): LockDecision {
  const effects: LockEffect[] = []
  const holders = [...lock.holders]
  const queue = []
  let { lastToken } = lock
  for (const waiter of lock.queue) {
    const { executionId, seq, generation } = waiter
    const request = { executionId, seq, generation }
    const index = holders.findIndex((holder) => holder.executionId === executionId)
    const held = holders[index]
    if (held !== undefined) {
      holders[index] = { ...held, depth: held.depth + 1 }
      effects.push({ kind: 'grant', ...request, token: held.token })
    } else if (holders.length < lock.capacity) {
      lastToken += 1
      holders.push({ executionId, token: lastToken, depth: 1 })
      effects.push({ kind: 'grant', ...request, token: lastToken })
    } else queue.push(waiter)
  }
  return { next: { ...lock, lastToken, holders, queue }, effects }
}

function isSame(a: Lock, b: Lock): boolean {
  return (
    a.capacity === b.capacity &&
    a.lastTicket === b.lastTicket &&
    a.lastToken === b.lastToken &&
    a.queue.length === b.queue.length &&
    a.holders.length === b.holders.length &&
    a.holders.every((holder, index) => holder.depth === b.holders[index]?.depth)
  )
}
