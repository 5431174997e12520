import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

export interface Arrivals {
  readonly perSecond: number
  readonly seconds: number
  /** The same seed gives the same times. */
  readonly seed: number
}

/**
 * Calls at times drawn beforehand, as independent callers would come (Poisson), whatever becomes of the
 * calls before. `call` is given the time at which it should have been made, by `performance.now()`: who
 * measures from there counts the wait of those that came late because the machine was busy.
 */
export async function openLoop(
  arrivals: Arrivals,
  call: (scheduledMs: number, index: number) => Promise<void>,
): Promise<void> {
  const times = arrivalTimes(arrivals)
  const begun = performance.now()
  const calls: Promise<void>[] = []
  for (let next = 0; next < times.length;) {
    const elapsed = performance.now() - begun
    for (; next < times.length && (times[next] ?? 0) <= elapsed; next++)
      calls.push(call(begun + (times[next] ?? 0), next))
    const waitMs = (times[next] ?? 0) - (performance.now() - begun)
    // A timer is a millisecond late; what is due sooner is looked for between other events.
    await (waitMs > 2 ? sleep(waitMs - 1) : setImmediate())
  }
  await Promise.all(calls)
}

/** ms from the start, ascending. */
export function arrivalTimes({ perSecond, seconds, seed }: Arrivals): number[] {
  const random = createRandom(seed)
  const times: number[] = []
  for (let at = 0; ;) {
    at += (-Math.log(1 - random()) / perSecond) * 1_000
    if (at >= seconds * 1_000) return times
    times.push(at)
  }
}

/** xorshift32: enough for arrival times. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
}
