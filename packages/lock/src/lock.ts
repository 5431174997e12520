/** A holder. `token` fences: a write guarded by a smaller token comes from a former holder. */
export interface Holder {
  readonly executionId: string
  readonly token: number
  /** Acquires that are not released yet; at least 1. */
  readonly depth: number
}

/** A request in the queue. `seq` and `generation` name the wait that its grant answers. */
export interface Waiter {
  readonly executionId: string
  readonly seq: number
  readonly generation: number
  readonly ticket: number
}

/** A lock, or a semaphore when its capacity is above 1. */
export interface Lock {
  readonly capacity: number
  readonly lastTicket: number
  readonly lastToken: number
  /** In the order of their tokens. */
  readonly holders: readonly Holder[]
  /** In the order of their tickets. */
  readonly queue: readonly Waiter[]
}

/** A lock that nobody has asked for yet. */
export function createLock(capacity: number): Lock {
  return { capacity: atLeastOne(capacity), lastTicket: 0, lastToken: 0, holders: [], queue: [] }
}

/** A capacity that can be had: less than one slot would let nobody in, ever. */
export function atLeastOne(capacity: number): number {
  return Math.max(1, Math.trunc(capacity))
}

/** How many waiters are served before this one, plus one; null when it is not in the queue. */
export function positionOf(lock: Lock, request: Request): number | null {
  const index = lock.queue.findIndex((waiter) => isSameRequest(waiter, request))
  return index === -1 ? null : index + 1
}

/** What names one request for one lock. */
export type Request = Pick<Waiter, 'executionId' | 'seq' | 'generation'>

export function isSameRequest(a: Request, b: Request): boolean {
  return a.executionId === b.executionId && a.seq === b.seq && a.generation === b.generation
}
