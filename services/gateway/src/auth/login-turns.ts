import { createSlots, ServiceError } from '@millrace/runtime'

/**
 * Log-ins of one account from one address take turns, so that each sees the failures of those before
 * it: a thousand at once would all find the account unlocked. And only a few passwords are checked at
 * once, whoever asks: each keeps one of the few threads that files and names need, too.
 */
export interface LoginTurns {
  /** Throws `limited` when too many wait already. */
  take<T>(source: { account: string; address: string }, work: () => Promise<T>): Promise<T>
}

const AT_ONCE = 2
/** Of one source; more than a lock lets try. */
const WAITING_OF_ONE_MAX = 20
/** Some ten seconds of work. */
const WAITING_MAX = 256

export function createLoginTurns(): LoginTurns {
  const slots = createSlots(AT_ONCE)
  /** Who waits or is at it, by source; the last one's turn is over with `last`. */
  const queues = new Map<string, { count: number; last: Promise<unknown> }>()
  let waiting = 0

  async function inSlot<T>(work: () => Promise<T>): Promise<T> {
    await slots.take()
    try {
      return await work()
    } finally {
      slots.give()
    }
  }

  return {
    async take({ account, address }, work) {
      const key = JSON.stringify([account, address])
      const queue = queues.get(key) ?? { count: 0, last: Promise.resolve() }
      if (waiting >= WAITING_MAX || queue.count >= WAITING_OF_ONE_MAX) throw tooManyAtOnce()
      waiting += 1
      queue.count += 1
      queues.set(key, queue)
      const turn = queue.last.then(() => inSlot(work))
      queue.last = turn.catch(() => undefined)
      try {
        return await turn
      } finally {
        waiting -= 1
        queue.count -= 1
        if (queue.count === 0) queues.delete(key)
      }
    },
  }
}

const tooManyAtOnce = (): ServiceError =>
  new ServiceError('limited', 'Too many logins at once. Try again in a moment.', {
    details: { retryAfterSeconds: 1 },
  })
