import { after, type Timer } from '@millrace/runtime'

/** What takes too long, found with one timer for all of it: thousands a second come and go. */
export interface Overdue<T> {
  add(item: T): void
  delete(item: T): void
}

/**
 * Calls `onOverdue` for each item that has been here for `ms`, before it has been here for twice as
 * long, and forgets it.
 */
export function createOverdue<T>(ms: number, onOverdue: (item: T) => void): Overdue<T> {
  /** By the tick after which each came. */
  const since = new Map<T, number>()
  let timer: Timer | null = null
  let ticks = 0

  function tick(): void {
    timer = null
    ticks += 1
    for (const [item, from] of since) {
      if (from + 1 >= ticks) continue // it came within the tick that ends now: an instant ago, perhaps
      since.delete(item)
      onOverdue(item)
    }
    if (since.size > 0) timer = after(ms, tick)
  }

  return {
    add(item) {
      since.set(item, ticks)
      timer ??= after(ms, tick)
    },
    delete: (item) => void since.delete(item),
  }
}
