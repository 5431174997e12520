/** Chance that depends on its seed alone, the same on every machine. */
export interface Rng {
  /** From 0 to below 1. */
  next(): number
  /** A whole number from 0 to below `n`. */
  int(n: number): number
  pick<T>(items: readonly T[]): T
}

/** xorshift128 over a seed spread by splitmix32: small, quick, and good enough to choose tests. */
export function createRng(seed: number): Rng {
  let state = Math.trunc(seed)
  const spread = (): number => {
    state = (state + 0x9e_37_79_b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x21_f0_aa_ad)
    z = Math.imul(z ^ (z >>> 15), 0x73_5a_2d_97)
    return z ^ (z >>> 15)
  }
  let [a, b, c, d] = [spread(), spread(), spread(), spread() | 1]
  const next = (): number => {
    const t = a ^ (a << 11)
    a = b
    b = c
    c = d
    d = d ^ (d >>> 19) ^ t ^ (t >>> 8)
    return (d >>> 0) / 2 ** 32
  }
  const int = (n: number): number => Math.floor(next() * n)
  return {
    next,
    int,
    pick: (items) => {
      const item = items[int(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}
