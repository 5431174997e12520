import {
  createWorkingLock,
  type Lock,
  type LockEvent,
  type Request,
  type Waiter,
} from '@millrace/lock'
import type { LoadedLock } from '@millrace/store'

/** A request that gets the lock, and the token it gets it with. */
export interface Grant {
  readonly executionId: string
  readonly generation: number
  readonly seq: number
  readonly token: number
}

/** What is to become of one lock; pure, from its rows alone. */
export interface LockPlan {
  readonly next: Lock
  readonly grants: readonly Grant[]
  /** Who got a ticket at the end of a queue that was not read whole. */
  readonly joined: readonly Waiter[]
  /** Requests that are dealt with: granted, released, or waited for by nobody. */
  readonly done: readonly Request[]
}

/**
 * Applies everything that the rows tell, in the order in which it counts: who left the queue, who
 * ended, then the new requests as they were made. A holder keeps its lock while it waits or is
 * paused; only releasing it, ending, being reverted, or a forced release gives it back.
 *
 * Of a long queue only the head is known: more than the lock has places, so that slots are given in
 * order. Whoever is new gets a ticket at its end and nothing else, unless he holds the lock already.
 */
export function planLock(loaded: LoadedLock): LockPlan {
  const draft = createDraft(loaded.lock)
  const isHolder = ({ executionId }: { readonly executionId: string }): boolean =>
    draft.lock.isHolder(executionId)
  for (const waiter of loaded.goneWaiters) {
    draft.apply({ type: 'waiterLeft', ...waiter })
    draft.done.push(waiter)
  }
  for (const executionId of loaded.endedHolders) draft.apply({ type: 'holderEnded', executionId })
  let kept = loaded.fresh
  let { behind } = loaded
  for (let before = -1; kept.length + behind.length - draft.grants.length !== before;) {
    before = kept.length + behind.length - draft.grants.length
    behind = behind.filter((waiter) => {
      if (!isHolder(waiter)) return true
      draft.apply({ type: 'acquireRequested', ...waiter })
      return false
    })
    kept = kept.filter((request) => {
      // Released before it was granted: that release belongs to the grant that is still to come.
      const queues = [draft.lock.requestsOf(request.executionId), behind, draft.joined]
      if (request.action === 'release' && queues.some((queue) => isQueuedBefore(queue, request)))
        return true
      draft.done.push(request)
      if (!request.isOpen) return false
      if (request.action === 'release')
        draft.apply({ type: 'releaseRequested', executionId: request.executionId })
      else {
        if (request.capacity !== draft.lock.capacity)
          draft.apply({ type: 'capacityChanged', capacity: request.capacity })
        // Its row stays until it is granted.
        draft.done.pop()
        if (loaded.isCut && !isHolder(request)) draft.join(request)
        else draft.apply({ type: 'acquireRequested', ...request })
      }
      return false
    })
    // After a forced release none of the above happens, and yet there is a free slot: serve the queue.
    draft.apply({ type: 'capacityChanged', capacity: draft.lock.capacity })
  }
  return draft.plan()
}

/** The plan when it turns out, while answering, that these grants have nobody waiting for them. */
export function withoutGrants(plan: LockPlan, refused: readonly Grant[]): LockPlan {
  const draft = createDraft(plan.next)
  for (const { executionId } of refused) draft.apply({ type: 'releaseRequested', executionId })
  const further = draft.plan()
  return {
    next: further.next,
    grants: further.grants,
    joined: plan.joined,
    done: [...plan.done, ...further.done],
  }
}

function createDraft(from: Lock) {
  const lock = createWorkingLock(from)
  const grants: Grant[] = []
  const done: Request[] = []
  const joined: Waiter[] = []
  return {
    lock,
    grants,
    done,
    joined,
    join({ executionId, generation, seq }: Omit<Waiter, 'ticket'>): void {
      joined.push({ executionId, generation, seq, ticket: lock.takeTicket() })
    },
    apply(event: LockEvent): void {
      for (const effect of lock.apply(event)) {
        if (effect.kind !== 'grant') continue
        const { executionId, generation, seq, token } = effect
        grants.push({ executionId, generation, seq, token })
        done.push({ executionId, generation, seq })
      }
    },
    plan: (): LockPlan => ({ next: lock.toLock(), grants, joined, done }),
  }
}

const isQueuedBefore = (
  queue: readonly Waiter[],
  release: { readonly executionId: string; readonly generation: number; readonly seq: number },
): boolean =>
  queue.some(
    (waiter) =>
      waiter.executionId === release.executionId &&
      waiter.generation === release.generation &&
      waiter.seq < release.seq,
  )
