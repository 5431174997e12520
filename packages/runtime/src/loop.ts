import { after, type Timer } from './clock.ts'
import { random } from './ids.ts'

/**
 * Work that repeats: once at the start, then after the time its last run asked for, and at once when
 * woken. Runs never overlap; a wake during a run starts another when it has ended, so a nudge that
 * comes while the rows are being read is not lost.
 */
export interface Loop {
  /** Harmless when started already. */
  start(): void
  /** Aborts the run's signal and resolves when it has returned. A stopped loop stays stopped. */
  stop(): Promise<void>
  /** Run now. Before the start: harmless, the start runs anyway. */
  wake(): void
}

export interface LoopOptions {
  /** Returns the ms until the next run; nothing: not until woken. */
  readonly run: (signal: AbortSignal) => Promise<number | void>
  /**
   * A run threw; the next starts in `retryMs` (100 ms, doubling to 10 s, with jitter). Not called
   * for what a run throws after it was told to stop.
   */
  readonly onError: (error: unknown, loop: { name: string; retryMs: number }) => void
}

export function loop(name: string, { run, onError }: LoopOptions): Loop {
  const abort = new AbortController()
  let started = false
  let running: Promise<void> | null = null
  let woken = false
  let failures = 0
  let timer: Timer | null = null

  function wake(): void {
    if (!started || abort.signal.aborted) return
    woken = true
    timer?.cancel()
    timer = null
    running ??= rounds()
  }

  async function rounds(): Promise<void> {
    while (woken && !abort.signal.aborted) {
      woken = false
      const nextMs = await once()
      if (nextMs !== undefined && !woken && !abort.signal.aborted) timer = after(nextMs, wake)
    }
    running = null
  }

  async function once(): Promise<number | void> {
    try {
      const nextMs = await run(abort.signal)
      failures = 0
      return nextMs
    } catch (error) {
      if (abort.signal.aborted) return
      const retryMs = Math.min(100 * 2 ** failures, 10_000) * (0.75 + random() / 2)
      failures = Math.min(failures + 1, 10)
      onError(error, { name, retryMs })
      return retryMs
    }
  }

  return {
    start() {
      if (started) return
      started = true
      wake()
    },
    async stop() {
      abort.abort()
      timer?.cancel()
      await running
    },
    wake,
  }
}
