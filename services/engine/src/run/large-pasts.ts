import { createSlots } from '@millrace/runtime'

/**
 * Whose turn it is to have a large past in this engine's memory: from before it is read until the sandbox
 * has it. Those who wait for a realm would else have all of theirs here, however many they are.
 */
export interface LargePasts {
  /** Resolves when it is this execution's turn, at once if it has it. `bytes`: small ones need none. */
  enter(executionId: string, bytes: number): Promise<void>
  /** Harmless for who has none. */
  leave(executionId: string): void
}

/** An execution is run once at a time, and has one turn at most: nobody waits for itself. */
export function createLargePasts(): LargePasts {
  const slots = createSlots(AT_ONCE)
  const inside = new Set<string>()
  return {
    async enter(executionId, bytes) {
      if (bytes <= SMALL_BYTES || inside.has(executionId)) return
      await slots.take()
      inside.add(executionId)
    },
    leave(executionId) {
      if (inside.delete(executionId)) slots.give()
    },
  }
}

/** As many as an engine has in flight fit into its memory. */
export const SMALL_BYTES = 256 * 1_024
/** Each has up to 40 MiB of JSON, and takes a small multiple of that once it is parsed. */
const AT_ONCE = 8
