import { loop, type Loop, monotonicMs, sleep } from '@millrace/runtime'
import { retryLogger, type SchedulerContext } from '../context.ts'

/**
 * Walks a table page by page, for ever: a walk, a pause, the next walk. The longer a walk takes the
 * longer the pauses, so that the sweep costs a few per cent of a core however much there is; a small
 * system is walked every `sweepPauseMs`.
 */
export function walkLoop<Key>(
  name: string,
  { config, log, metrics, shards }: SchedulerContext,
  steps: {
    readonly begin?: () => Promise<void>
    /** Reads and treats one page; returns where the next begins. */
    readonly page: (after: Key | null) => Promise<Key | null>
    readonly end?: () => void
    /** How many of the usual pauses one of its pauses is; asked after each walk. Default 1. */
    readonly patience?: () => number
  },
): Loop {
  return loop(name, {
    async run(signal) {
      if (shards.fence().held.length === 0) return config.sweepPauseMs
      let workMs = 0
      let after: Key | null = null
      await steps.begin?.()
      do {
        const startedAt = monotonicMs()
        after = await steps.page(after)
        const pageMs = workOf(monotonicMs() - startedAt)
        workMs += pageMs
        if (after !== null) await sleep(pageMs * PAUSE_PER_PAGE, signal)
      } while (after !== null && !signal.aborted)
      steps.end?.()
      metrics.walk.observe({ over: name }, workMs / 1_000)
      const pauseMs = config.sweepPauseMs * (steps.patience?.() ?? 1)
      return Math.min(Math.max(pauseMs, workMs * PAUSE_PER_WALK), PAUSE_MAX_MS)
    },
    onError: retryLogger(log),
  })
}

/**
 * How much of the time of a page is its own work: one that takes longer than this has waited for a
 * machine or a Postgres that stood still, and then there is all the more to be found soon.
 */
export const workOf = (pageMs: number): number => Math.min(pageMs, PAGE_WORK_MAX_MS)

const PAGE_WORK_MAX_MS = 250
const PAUSE_PER_PAGE = 4
const PAUSE_PER_WALK = 20
const PAUSE_MAX_MS = 60_000
