import type { Rng } from '../rng.ts'
import type { End } from './judge.ts'

/** One kind of work of the load: what it asks for, and what must come of it (I7). */
export interface Work {
  readonly flow: string
  readonly weight: number
  input(rng: Rng, world: World): Record<string, unknown>
  /** What is asked for besides flow and input. */
  request?(input: Record<string, unknown>): object
  /** What is wrong with this end of it, or null. Not asked about what was cancelled. */
  judge(end: End, input: unknown): string | null
  /**
   * Whether people may take it back to any of its savepoints. `alone`: not what is cancelled as well,
   * since it would wait again for children that the cancel has reached.
   */
  readonly takenBack?: 'always' | 'alone'
}

export interface World {
  readonly effectsUrl: string
  readonly locks: readonly string[]
}

/** A kind whose judge knows what its input looks like. */
export function work<Input extends Record<string, unknown>>(kind: {
  readonly flow: string
  readonly weight: number
  readonly takenBack?: 'always' | 'alone'
  input(rng: Rng, world: World): Input
  request?(input: Input): object
  judge(end: End, input: Input): string | null
}): Work {
  // The input that is judged is the one it made, as the journal kept it.
  return {
    ...kind,
    request: (input) => kind.request?.(input as Input) ?? {},
    judge: (end, input) => kind.judge(end, input as Input),
  }
}

export const seconds = (rng: Rng, from: number, to: number): number =>
  Math.round((from + rng.next() * (to - from)) * 1_000) / 1_000
