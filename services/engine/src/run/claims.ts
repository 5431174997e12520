import { after, type Timer } from '@millrace/runtime'
import { claimExecutions, createBatcher, type Database } from '@millrace/store'
import type { Held } from './held.ts'

/** Which executions this process is at work on, and which of them it has claimed. */
export interface Claims {
  /** From here on it counts as running; harmless when it does already. */
  watch(held: Held): void
  /** Ends the watch. False: somebody else moved it meanwhile, the activation never happened. */
  settle(held: Held): Promise<boolean>
  /** Those that are AT_ENGINE under this process right now. */
  claimed(): Held[]
}

/**
 * The lazy claim: an activation that is over within `slowMs` commits on the version it was
 * dispatched with and never was AT_ENGINE; a longer one is claimed, so that it is seen to run and
 * its lease can expire.
 */
export function createClaims({
  db,
  processId,
  slowMs,
}: {
  readonly db: Database
  readonly processId: string
  readonly slowMs: number
}): Claims {
  const batcher = createBatcher<Held, boolean>({
    async run(batch) {
      const versions = await claimExecutions(db, { items: batch, processId })
      return batch.map((held) => {
        const version = versions.get(held.executionId)
        if (version !== undefined) held.version = version
        return version !== undefined
      })
    },
  })
  const watched = new Map<Held, { since: number; claim: Promise<boolean> | null }>()
  let timer: Timer | null = null
  let ticks = 0

  return {
    watch(held) {
      if (watched.has(held)) return
      watched.set(held, { since: ticks, claim: null })
      timer ??= after(slowMs, tick)
    },

    async settle(held) {
      const watch = watched.get(held)
      watched.delete(held)
      return watch?.claim ?? true
    },

    claimed() {
      return [...watched].flatMap(([held, { claim }]) => (claim === null ? [] : [held]))
    },
  }

  /** One timer for all: what has been running for a whole tick is slow. */
  function tick(): void {
    timer = null
    ticks += 1
    for (const [held, watch] of watched) {
      if (watch.claim !== null || watch.since >= ticks) continue
      watch.claim = batcher.add(held)
      watch.claim.catch(() => undefined) // whoever settles it hears of it
    }
    if (watched.size > 0) timer = after(slowMs, tick)
  }
}
