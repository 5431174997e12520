import { createHash, hash, randomBytes } from 'node:crypto'
import { v7 } from 'uuid'

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

let source: ChanceSource = { newId: () => v7(), random: () => Math.random() }

export const sha256 = (data: string | Uint8Array): Buffer =>
  createHash('sha256').update(data).digest()

/** sha256 in lower-case hex. */
export const sha256Hex = (data: string | Uint8Array): string => hash('sha256', data, 'hex')
