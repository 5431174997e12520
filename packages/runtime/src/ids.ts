import { createHash, hash, randomBytes, randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'
import { now } from './clock.ts'

/** A new UUIDv7: sorts by its birth, also among those of one millisecond of this process. */
export const newId = (): string => source.newId()

/** A secret of `bytes` random bytes as base64url: 32 for keys and session tokens. */
export const randomToken = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** From 0 up to (not including) 1. For jitter and sampling, never for secrets. */
export const random = (): number => source.random()

/** What chance comes from, secrets apart: the machine, or the simulation's seed. */
export interface ChanceSource {
  newId(): string
  random(): number
}

/** Puts another source of chance in place, for the whole process: for the simulation alone. */
export function useChance(other: ChanceSource): void {
  source = other
}

let source: ChanceSource = { newId: orderedId, random: () => Math.random() }

// Asking the system for 16 bytes at a time was a twentieth of what a gateway does for a request.
const ID_BYTES = 16
const pool = new Uint8Array(256 * ID_BYTES)
let taken = pool.length
let msecs = 0
let seq = 0

/** Within one ms the sequence rises from a random start, over into the next ms if it must. */
function orderedId(): string {
  if (taken === pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  const bytes = pool.subarray(taken, taken + ID_BYTES)
  taken += ID_BYTES
  const at = now()
  if (at > msecs) {
    msecs = at
    seq = new DataView(bytes.buffer, bytes.byteOffset).getUint32(6) >>> 1
  } else {
    seq = (seq + 1) >>> 0
    if (seq === 0) msecs += 1
  }
  return v7({ msecs, seq, random: bytes })
}

export const sha256 = (data: string | Uint8Array): Buffer =>
  createHash('sha256').update(data).digest()

/** sha256 in lower-case hex. */
export const sha256Hex = (data: string | Uint8Array): string => hash('sha256', data, 'hex')
