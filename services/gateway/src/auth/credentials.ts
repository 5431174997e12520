import { randomToken, sha256Hex } from '@millrace/runtime'

/** Kinds of bearer credentials; both are random and known to the server by their sha256 only. */
export type CredentialKind = 'apiKey' | 'session'

/** A new secret: prefix, 32 random bytes, and a checksum that lets scanners and typos be told apart. */
export function makeCredential(kind: CredentialKind): {
  readonly secret: string
  readonly hash: string
  /** What may be shown of it. */
  readonly prefix: string
} {
  const random = randomToken(32)
  const body = `${PREFIXES[kind]}${random}`
  const secret = `${body}${checksum(body)}`
  return { secret, hash: sha256Hex(secret), prefix: body.slice(0, 10) }
}

/** What kind a secret is, or null when it cannot be one of ours. */
export function kindOfCredential(secret: string): CredentialKind | null {
  const kind = secret.startsWith(PREFIXES.session)
    ? 'session'
    : secret.startsWith(PREFIXES.apiKey)
      ? 'apiKey'
      : null
  if (kind === null || secret.length !== PREFIXES[kind].length + RANDOM_CHARS + CHECKSUM_CHARS)
    return null
  const body = secret.slice(0, -CHECKSUM_CHARS)
  return checksum(body) === secret.slice(-CHECKSUM_CHARS) ? kind : null
}

const PREFIXES = { apiKey: 'mrk_', session: 'mrs_' } as const
const RANDOM_CHARS = 43
const CHECKSUM_CHARS = 6

const checksum = (body: string): string => sha256Hex(body).slice(0, CHECKSUM_CHARS)
