import { monotonicMs, sleep } from '@millrace/runtime'

/** How often a condition is looked at that nothing announces. */
const LOOK_EVERY_MS = 40

/**
 * Waits until `look` answers with something other than false, null or undefined, and gives that.
 * A look that throws counts as "not yet"; the last error is the cause when time is up.
 */
export async function until<T>(
  look: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  options: { what: string; timeoutMs?: number },
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 60_000
  const deadline = monotonicMs() + timeoutMs
  let failure: unknown = null
  for (;;) {
    try {
      const found = await look()
      if (found !== false && found !== null && found !== undefined) return found
      failure = null
    } catch (error) {
      failure = error
    }
    if (monotonicMs() > deadline)
      throw new Error(`${options.what}: not within ${timeoutMs} ms`, { cause: failure })
    await sleep(LOOK_EVERY_MS)
  }
}
