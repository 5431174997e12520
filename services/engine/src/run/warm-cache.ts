import { now } from '@millrace/runtime'
import type { Held } from './held.ts'

export interface WarmCache {
  readonly size: number
  /** Unless nothing can come of it soon: then it is let go at once. */
  keep(held: Held): void
  /** Takes it out: whoever has it either keeps it again or forgets it. */
  take(executionId: string): Held | null
  peek(executionId: string): Held | null
  /** Lets go of what has waited for long and is not due soon. */
  coolDown(): void
}

/**
 * Executions that wait, suspended in the sandbox: the next answer continues them without a replay.
 * Only what goes on within a minute is worth its memory. So what sleeps for longer is not kept, nor
 * what has had no answer for that long, and the least recently used one is dropped when there are
 * too many. Any engine replays it then, which costs about what its first start did.
 */
export function createWarmCache({
  max,
  onEvict,
  clock = now,
}: {
  readonly max: number
  readonly onEvict: (held: Held) => void
  readonly clock?: () => number
}): WarmCache {
  /** Oldest first. */
  const kept = new Map<string, { readonly held: Held; readonly since: number }>()

  function evict(held: Held): void {
    kept.delete(held.executionId)
    onEvict(held)
  }

  return {
    get size() {
      return kept.size
    },
    keep(held) {
      kept.delete(held.executionId)
      const since = clock()
      if (sleepsBeyond(since + WORTH_MS, held)) return evict(held)
      kept.set(held.executionId, { held, since })
      if (kept.size <= max) return
      const [oldest] = kept.values()
      if (oldest !== undefined) evict(oldest.held)
    },
    take(executionId) {
      const found = kept.get(executionId)
      kept.delete(executionId)
      return found?.held ?? null
    },
    peek: (executionId) => kept.get(executionId)?.held ?? null,
    coolDown() {
      const time = clock()
      for (const { held, since } of kept.values()) {
        if (since > time - WORTH_MS) break
        if (!isDueBefore(time + WORTH_MS, held)) evict(held)
      }
    },
  }
}

const WORTH_MS = 60_000

/** Whether all that it waits for is a time after `time`. */
function sleepsBeyond(time: number, { waits }: Held): boolean {
  if (waits.size === 0) return false
  for (const { kind, dueAt } of waits.values())
    if (kind !== 'TIMER' || dueAt === null || dueAt <= time) return false
  return true
}

function isDueBefore(time: number, { waits }: Held): boolean {
  for (const { dueAt } of waits.values()) if (dueAt !== null && dueAt <= time) return true
  return false
}
