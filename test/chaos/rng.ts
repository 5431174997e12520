/** Chance from a seed: the same seed gives the same numbers in the same order. */
export interface Rng {
  /** From 0 up to 1. */
  next(): number
  /** A whole number from 0 to n − 1. */
  int(n: number): number
  pick<T>(items: readonly T[]): T
}

/** Mulberry32: 32 bits of state are plenty for a run, and one line says what it does. */
export function createRng(seed: number): Rng {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (n: number): number => Math.floor(next() * n)
  return {
    next,
    int,
    pick: (items) => {
      const picked = items[int(items.length)]
      if (picked === undefined) throw new Error('there is nothing to pick from')
      return picked
    },
  }
}

/** A seed of its own for one thing among many, so that their order does not matter. */
export function seedOf(seed: number, name: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}
