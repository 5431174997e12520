import type { Held } from './held.ts'

export interface WarmCache {
  readonly size: number
  keep(held: Held): void
  /** Takes it out: whoever has it either keeps it again or forgets it. */
  take(executionId: string): Held | null
  peek(executionId: string): Held | null
}

/**
 * Executions that wait, suspended in the sandbox: the next answer continues them without a replay.
 * The least recently used one is dropped when there are too many; any engine replays it then.
 */
export function createWarmCache({
  max,
  onEvict,
}: {
  readonly max: number
  readonly onEvict: (held: Held) => void
}): WarmCache {
  const kept = new Map<string, Held>()
  return {
    get size() {
      return kept.size
    },
    keep(held) {
      kept.delete(held.executionId)
      kept.set(held.executionId, held)
      if (kept.size <= max) return
      for (const oldest of kept.values()) {
        kept.delete(oldest.executionId)
        onEvict(oldest)
        return
      }
    },
    take(executionId) {
      const held = kept.get(executionId) ?? null
      kept.delete(executionId)
      return held
    },
    peek: (executionId) => kept.get(executionId) ?? null,
  }
}
