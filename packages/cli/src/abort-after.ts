/**
 * Aborts after `ms`, however far that is: of 2^31 ms and more Node's own signal aborts at once. It
 * does not keep the process alive.
 */
export function abortAfter(ms: number): AbortSignal {
  const limit = new AbortController()
  arm(ms)
  return limit.signal

  function arm(leftMs: number): void {
    const stepMs = Math.min(leftMs, TIMER_MAX_MS)
    const next = (): void => (leftMs > stepMs ? arm(leftMs - stepMs) : limit.abort())
    AbortSignal.timeout(stepMs).addEventListener('abort', next, { once: true })
  }
}

const TIMER_MAX_MS = 2_147_483_647
