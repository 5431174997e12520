import { createHash, hash, randomBytes } from 'node:crypto'
import { v7 } from 'uuid'

/** A new UUIDv7: sorts by its birth, also among those of one millisecond of this process. */
export const newId = (): string => v7()

/** A secret of `bytes` random bytes as base64url: 32 for keys and session tokens. */
export const randomToken = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** From 0 up to (not including) 1. For jitter and sampling, never for secrets. */
export const random = (): number => Math.random()

export const sha256 = (data: string | Uint8Array): Buffer =>
  createHash('sha256').update(data).digest()

/** sha256 in lower-case hex. */
export const sha256Hex = (data: string | Uint8Array): string => hash('sha256', data, 'hex')
