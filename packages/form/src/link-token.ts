import assert from 'node:assert/strict'
import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a link says: who may answer which message without a login, until when. */
export interface LinkClaims {
  readonly workspaceId: string
  readonly messageId: string
  /** Who gets the link, as it will be shown as the author of the answer. */
  readonly recipient: string
  /** ms since 1970: from then on it is no longer valid. */
  readonly expiresAt: number
  /** Chance, at least 16 characters: two links are never the same, and one can be withdrawn. */
  readonly nonce: string
}

/**
 * The keys that links are signed with. New links take `current`; the others are still good for those
 * that are on their way. A key is taken away when the last link under it has expired.
 */
export interface KeyRing {
  readonly current: string
  /** By id (letters, digits, `_` and `-`), each of 32 bytes or more. */
  readonly keys: ReadonlyMap<string, Uint8Array>
}

export type LinkVerdict =
  | { readonly ok: true; readonly claims: LinkClaims }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown_key' | 'forged' | 'expired' }

/** A token for a URL: letters, digits, `.`, `_` and `-`. */
export function signLink(ring: KeyRing, claims: LinkClaims): string {
  const key = ring.keys.get(ring.current)
  assert.ok(KEY_ID.test(ring.current) && key !== undefined, 'the current key is in the ring')
  assert.ok(claims.nonce.length >= NONCE_MIN_CHARS, 'a nonce that cannot be guessed')
  const { workspaceId, messageId, recipient, expiresAt, nonce } = claims
  const payload = encode(JSON.stringify([workspaceId, messageId, recipient, expiresAt, nonce]))
  const signed = `${VERSION}.${ring.current}.${payload}`
  const token = `${signed}.${encode(macOf(key, signed))}`
  assert.ok(token.length <= TOKEN_MAX_CHARS, 'claims that fit into a URL')
  return token
}

/**
 * What a token says, if one of the keys has signed it and it is still valid. Single use is not in the
 * token: the message takes one answer, and whoever stores links can withdraw one by its nonce.
 */
export function verifyLink(ring: KeyRing, token: string, now: number): LinkVerdict {
  if (token.length > TOKEN_MAX_CHARS) return failed('malformed')
  const [version, keyId = '', payload = '', mac = '', ...rest] = token.split('.')
  if (version !== VERSION || rest.length > 0) return failed('malformed')
  const given = decode(mac)
  const text = decode(payload)
  if (given === null || text === null) return failed('malformed')
  const key = ring.keys.get(keyId)
  if (key === undefined) return failed('unknown_key')
  const expected = macOf(key, `${version}.${keyId}.${payload}`)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return failed('forged')
  // Only what we have signed gets here, so it is what signLink writes.
  const [workspaceId, messageId, recipient, expiresAt, nonce] = JSON.parse(
    text.toString('utf8'),
  ) as [string, string, string, number, string]
  if (now >= expiresAt) return failed('expired')
  return { ok: true, claims: { workspaceId, messageId, recipient, expiresAt, nonce } }
}

/** The first piece is signed too: no other thing that is signed under these keys can be a link. */
const VERSION = 'millrace-link-1'
const KEY_ID = /^[\w-]{1,32}$/
const NONCE_MIN_CHARS = 16
const KEY_MIN_BYTES = 32
const TOKEN_MAX_CHARS = 2_048

function macOf(key: Uint8Array, text: string): Buffer {
  assert.ok(key.length >= KEY_MIN_BYTES, 'a key of 32 bytes or more')
  return createHmac('sha256', key).update(text).digest()
}

const encode = (data: string | Buffer): string => Buffer.from(data).toString('base64url')

/** The bytes, or null for what encode does not write: one text for each token. */
function decode(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === text ? bytes : null
}

const failed = (reason: Extract<LinkVerdict, { readonly ok: false }>['reason']): LinkVerdict => ({
  ok: false,
  reason,
})
