import type { MovedItem } from '@millrace/wire'

/** Wakes those who look at an execution live when it has moved. */
export interface LiveViews {
  /** Calls `wake` at each nudge about this execution, until told to stop. */
  listen(executionId: string, wake: () => void): { stop(): void }
  moved(items: readonly MovedItem[]): void
  /** The process stops: whoever waits for a nudge is woken, and is not to wait again. */
  stop(): void
  readonly isStopped: boolean
}

export function createLiveViews(): LiveViews {
  const views = new Map<string, Set<() => void>>()
  let isStopped = false
  return {
    listen(executionId, wake) {
      const listeners = views.get(executionId) ?? new Set()
      listeners.add(wake)
      views.set(executionId, listeners)
      return {
        stop() {
          listeners.delete(wake)
          if (listeners.size === 0) views.delete(executionId)
        },
      }
    },
    moved(items) {
      if (views.size === 0) return
      for (const item of items) for (const wake of views.get(item.executionId) ?? []) wake()
    },
    stop() {
      isStopped = true
      for (const listeners of views.values()) for (const wake of listeners) wake()
    },
    get isStopped() {
      return isStopped
    },
  }
}
