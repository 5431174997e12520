import type { LockEffect, LockEvent } from './decide.ts'
import {
  atLeastOne,
  type Holder,
  isSameRequest,
  type Lock,
  type Request,
  type Waiter,
} from './lock.ts'

/**
 * A lock to which many events are applied: each costs as much as it changes, however many hold the
 * lock or wait for it. The lock that it was made of stays as it was.
 */
export interface WorkingLock {
  readonly capacity: number
  /** What follows from the event, in order. */
  apply(event: LockEvent): readonly LockEffect[]
  /** The next ticket, for one who waits behind the part of the queue that is known. */
  takeTicket(): number
  isHolder(executionId: string): boolean
  /** Its requests in the queue, in the order of their tickets. */
  requestsOf(executionId: string): readonly Waiter[]
  /** What has become of it; the same object when nothing has changed. */
  toLock(): Lock
}

export function createWorkingLock(lock: Lock): WorkingLock {
  let { capacity, lastTicket, lastToken } = lock
  /** In the order of their tokens: a new one has the largest. */
  const holders = new Map(lock.holders.map((holder) => [holder.executionId, holder]))
  const queue = [...lock.queue]
  /** Before it nobody in `queue` waits any more. */
  let head = 0
  const gone = new Set<Waiter>()
  const requests = Map.groupBy(lock.queue, ({ executionId }) => executionId)
  let isChanged = false
  /** Whether no slot is free beside a waiter, and no holder waits: rows need not be so when they are read. */
  let isServed = false

  function apply(event: LockEvent): readonly LockEffect[] {
    switch (event.type) {
      case 'acquireRequested':
        return acquire(event)
      case 'releaseRequested':
        return release(event.executionId)
      case 'waiterLeft':
        dequeue(event.executionId, (waiter) => isSameRequest(waiter, event))
        return serve()
      case 'holderEnded':
        letGo(event.executionId)
        dequeue(event.executionId, () => true)
        return serve()
      case 'forceReleased': {
        const held = holders.values().find(({ token }) => token === event.token)
        if (held !== undefined) letGo(held.executionId)
        return serve()
      }
      case 'capacityChanged': {
        const before = capacity
        capacity = atLeastOne(event.capacity)
        isChanged ||= capacity !== before
        return serve()
      }
    }
  }

  function acquire({ executionId, seq, generation }: Request): readonly LockEffect[] {
    const request = { executionId, seq, generation }
    const own = requests.get(executionId) ?? []
    if (own.some((waiter) => isSameRequest(waiter, request))) return []
    const waiter = { ...request, ticket: takeTicket() }
    queue.push(waiter)
    requests.set(executionId, [...own, waiter])
    return serve(holders.get(executionId))
  }

  function release(executionId: string): readonly LockEffect[] {
    const held = holders.get(executionId)
    if (held === undefined) return [{ kind: 'notHeld', executionId }]
    isChanged = true
    if (held.depth === 1) holders.delete(executionId)
    else holders.set(executionId, { ...held, depth: held.depth - 1 })
    return serve()
  }

  function letGo(executionId: string): void {
    if (holders.delete(executionId)) isChanged = true
  }

  function dequeue(executionId: string, isMeant: (waiter: Waiter) => boolean): Waiter[] {
    const own = requests.get(executionId) ?? []
    const meant = own.filter(isMeant)
    if (meant.length === 0) return meant
    isChanged = true
    for (const waiter of meant) gone.add(waiter)
    if (meant.length === own.length) requests.delete(executionId)
    else
      requests.set(
        executionId,
        own.filter((waiter) => !gone.has(waiter)),
      )
    return meant
  }

  /** Gives free slots to the head of the queue. `asking`: a holder that has asked once more. */
  function serve(asking?: Holder): readonly LockEffect[] {
    const granted = isServed ? [] : [...holders.values()].flatMap(grantAll)
    isServed = true
    if (asking !== undefined) granted.push(...grantAll(asking))
    for (; holders.size < capacity && head < queue.length; head += 1) {
      const waiter = queue[head]
      if (waiter === undefined || gone.has(waiter)) continue
      lastToken += 1
      const { executionId } = waiter
      granted.push(...grantAll({ executionId, token: lastToken, depth: 0 }))
    }
    return granted
      .toSorted((a, b) => a.waiter.ticket - b.waiter.ticket)
      .map(({ waiter: { executionId, seq, generation }, token }) => ({
        kind: 'grant',
        executionId,
        seq,
        generation,
        token,
      }))
  }

  /** All that it asks for: an execution that has the lock would wait for itself. */
  function grantAll(holder: Holder): { waiter: Waiter; token: number }[] {
    const { executionId, token, depth } = holder
    const waiters = dequeue(executionId, () => true)
    if (waiters.length > 0)
      holders.set(executionId, { executionId, token, depth: depth + waiters.length })
    return waiters.map((waiter) => ({ waiter, token }))
  }

  function takeTicket(): number {
    isChanged = true
    lastTicket += 1
    return lastTicket
  }

  return {
    get capacity() {
      return capacity
    },
    apply,
    takeTicket,
    isHolder: (executionId) => holders.has(executionId),
    requestsOf: (executionId) => requests.get(executionId) ?? [],
    toLock: () =>
      isChanged
        ? {
            capacity,
            lastTicket,
            lastToken,
            holders: [...holders.values()],
            queue: queue.slice(head).filter((waiter) => !gone.has(waiter)),
          }
        : lock,
  }
}
