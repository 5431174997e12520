import { createHmac, hash, timingSafeEqual } from 'node:crypto'

export const ALGORITHMS = ['sha1', 'sha256', 'sha512'] as const
export type Algorithm = (typeof ALGORITHMS)[number]

export const ENCODINGS = ['hex', 'base64'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** HMAC over the pieces, one after the other. */
export function macOf(
  algorithm: Algorithm,
  key: string | Uint8Array,
  content: readonly (string | Uint8Array)[],
): Buffer {
  const mac = createHmac(algorithm, key)
  for (const piece of content) mac.update(piece)
  return mac.digest()
}

/**
 * The one of `macs` that is among `candidates`, or null. Compares every pair to its end, so that the
 * time taken tells neither how much of a guess was right nor which secret it met.
 */
export function matchingMac(
  macs: readonly Buffer[],
  candidates: readonly Uint8Array[],
): Buffer | null {
  let found: Buffer | null = null
  for (const mac of macs)
    for (const candidate of candidates)
      if (candidate.length === mac.length && timingSafeEqual(mac, candidate)) found = mac
  return found
}

/** The bytes that the text stands for, or null when it is not in that encoding. */
export function decodeMac(text: string, encoding: Encoding): Buffer | null {
  if (!PATTERN[encoding].test(text)) return null
  return Buffer.from(text, encoding)
}

/** Whether two texts are equal, in a time that depends on their lengths alone. */
export function isSameSecret(expected: string, given: string): boolean {
  return timingSafeEqual(hash('sha256', expected, 'buffer'), hash('sha256', given, 'buffer'))
}

/** Both alphabets of base64 are taken, with and without padding: senders differ. */
const PATTERN: Readonly<Record<Encoding, RegExp>> = {
  hex: /^(?:[0-9a-f]{2})+$/i,
  base64: /^[A-Za-z0-9+/_-]+={0,2}$/,
}
