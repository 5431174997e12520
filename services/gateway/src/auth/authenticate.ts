import { monotonicMs, now, ServiceError, sha256Hex } from '@millrace/runtime'
import {
  type CredentialRow,
  type Database,
  readApiKeyByHash,
  readSessionByHash,
} from '@millrace/store'
import type { Caller } from '../context.ts'
import { kindOfCredential } from './credentials.ts'

/** Turns a bearer credential into the caller it stands for. */
export interface Authenticator {
  /** Throws `unauthenticated` with the way out. A cached answer comes without a turn of the loop. */
  authenticate(secret: string | null): Caller | Promise<Caller>
  /** Forgets one credential at once, such as after a logout. */
  forget(secret: string): void
  /** Forgets all of them: somebody's keys have changed. */
  clear(): void
}

/** A withdrawn key works for this long at most. */
const CACHE_MS = 5_000
const CACHE_MAX = 10_000

export function createAuthenticator(db: Database): Authenticator {
  const cache = new Map<string, { caller: Caller; until: number }>()
  const asking = new Map<string, Promise<Caller>>()

  function authenticate(secret: string | null): Caller | Promise<Caller> {
    if (secret === null) throw unauthenticated(NO_CREDENTIALS)
    const cached = cache.get(secret)
    if (cached !== undefined && cached.until > monotonicMs()) {
      if (cached.caller.expiresAt !== null && cached.caller.expiresAt <= now())
        throw unauthenticated(expiredText(kindOfCredential(secret)))
      return cached.caller
    }
    // Thousands may come with one key in the moment in which its entry has run out: one asks.
    const already = asking.get(secret)
    if (already !== undefined) return already
    const promise = read(secret).finally(() => asking.delete(secret))
    asking.set(secret, promise)
    return promise
  }

  async function read(secret: string): Promise<Caller> {
    const kind = kindOfCredential(secret)
    if (kind === null) throw unauthenticated('The credential is not one of this server.')
    const hash = sha256Hex(secret)
    const row = await (kind === 'session'
      ? readSessionByHash(db, hash)
      : readApiKeyByHash(db, hash))
    if (row === null)
      throw unauthenticated(
        'The credential is unknown or was withdrawn. Log in again or make a new API key.',
      )
    if (row.expired) throw unauthenticated(expiredText(kind))
    const caller = toCaller(row)
    if (cache.size >= CACHE_MAX) cache.clear()
    cache.set(secret, { caller, until: monotonicMs() + CACHE_MS })
    return caller
  }

  return {
    authenticate,
    forget: (secret) => void cache.delete(secret),
    clear: () => cache.clear(),
  }
}

const toCaller = (row: CredentialRow): Caller => ({
  workspaceId: row.workspace_id,
  userId: row.user_id,
  userName: row.user_name,
  isAdmin: row.is_admin,
  expiresAt: row.expires_at,
})

const NO_CREDENTIALS =
  'No credentials. Send "Authorization: Bearer <token or API key>", or log in with POST /api/latest/auth/login.'

const expiredText = (kind: 'apiKey' | 'session' | null): string =>
  kind === 'session'
    ? 'The session has expired. Log in again with POST /api/latest/auth/login.'
    : 'The API key has expired. Make a new one with POST /api/latest/api_key.'

const unauthenticated = (message: string): ServiceError =>
  new ServiceError('unauthenticated', message)
