import { setTimeout as timer } from 'node:timers/promises'

/**
 * The outside world as the client sees it: network, time and chance. The only file of this package
 * that touches them; tests replace it.
 */
export interface Platform {
  readonly fetch: typeof globalThis.fetch
  /** Resolves after so many milliseconds; rejects with the signal's reason. */
  readonly delay: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Milliseconds that never go back. */
  readonly monotonicMs: () => number
  /** A number from 0 up to 1. */
  readonly random: () => number
  /** A key that no other request has. */
  readonly newKey: () => string
}

export const nodePlatform: Platform = {
  fetch: (input, init) => globalThis.fetch(input, init),
  delay: async (ms, signal) => {
    try {
      await timer(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    }
  },
  monotonicMs: () => performance.now(),
  random: () => Math.random(),
  newKey: () => crypto.randomUUID(),
}
