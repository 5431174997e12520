import { mix128 } from './mix.ts'

/**
 * A generator of numbers from 0 up to 1 that gives the same sequence for the same seed. Small, fast
 * and with a period far beyond what one execution draws; not for secrets.
 */
export function seededRandom(seed: string): () => number {
  let [a, b, c, d] = mix128(seed)
  const word = (): number => {
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let i = 0; i < 12; i++) word()
  // 27 high and 26 low bits: all 53 that a number holds.
  return () => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000
}
