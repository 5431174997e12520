/**
 * Four 32-bit words that depend on every character of a text. Good for identity and for seeds,
 * worthless against somebody who wants a collision: nothing secret may rest on it.
 */
export function mix128(text: string): [number, number, number, number] {
  let a = 0x6a09e667
  let b = 0xbb67ae85 | 0
  let c = 0x3c6ef372
  let d = 0xa54ff53a | 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x9e3779b1)
    b = Math.imul(b ^ code ^ (a >>> 15), 0x85ebca77)
    c = Math.imul(c + code + (b >>> 13), 0xc2b2ae3d)
    d = Math.imul(d ^ (c >>> 16) ^ (code << 7), 0x27d4eb2f)
    a ^= d >>> 11
  }
  // Each round carries every word into every other one, so that short texts spread as well.
  for (let round = 0; round < 3; round++) {
    a = avalanche(a + b + text.length)
    b = avalanche(b + c + round)
    c = avalanche(c + d)
    d = avalanche(d + a)
  }
  return [a >>> 0, b >>> 0, c >>> 0, d >>> 0]
}

/** A word as eight hexadecimal digits. */
export function hex32(word: number): string {
  return (
    (HEX_BYTES[word >>> 24] ?? '') +
    (HEX_BYTES[(word >>> 16) & 255] ?? '') +
    (HEX_BYTES[(word >>> 8) & 255] ?? '') +
    (HEX_BYTES[word & 255] ?? '')
  )
}

const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1))

function avalanche(word: number): number {
  let w = word | 0
  w = Math.imul(w ^ (w >>> 16), 0x7feb352d)
  w = Math.imul(w ^ (w >>> 15), 0x846ca68b)
  return w ^ (w >>> 16)
}
