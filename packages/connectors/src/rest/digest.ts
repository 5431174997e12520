import { createHash } from 'node:crypto'
import { randomToken } from '@millrace/runtime'

export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque: string | null
  readonly algorithm: 'SHA-256' | 'MD5'
  /** False for servers of RFC 2069, which know no qop. */
  readonly hasQop: boolean
}

/** The strongest digest challenge of the WWW-Authenticate headers that can be answered, or null. */
export function digestChallenge(headers: readonly string[]): DigestChallenge | null {
  const challenges = headers
    .flatMap((header) => header.split(/(?:^|,)\s*(?=Digest\s)/i))
    .filter((text) => /^\s*Digest\s/i.test(text))
    .map(readChallenge)
    .filter((challenge) => challenge !== null)
  return challenges.find(({ algorithm }) => algorithm === 'SHA-256') ?? challenges[0] ?? null
}

function readChallenge(text: string): DigestChallenge | null {
  const fields = new Map<string, string>()
  for (const match of text.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi))
    fields.set(
      (match[1] ?? '').toLowerCase(),
      match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? '',
    )
  const realm = fields.get('realm')
  const nonce = fields.get('nonce')
  const algorithm = (fields.get('algorithm') ?? 'MD5').toUpperCase()
  const qop = fields
    .get('qop')
    ?.split(',')
    .map((value) => value.trim())
  if (realm === undefined || nonce === undefined) return null
  if (algorithm !== 'SHA-256' && algorithm !== 'MD5') return null
  if (qop !== undefined && !qop.includes('auth')) return null
  return {
    realm,
    nonce,
    opaque: fields.get('opaque') ?? null,
    algorithm,
    hasQop: qop !== undefined,
  }
}

/** The Authorization header that answers a challenge (RFC 7616, qop `auth`). */
export function digestAuthorization(
  challenge: DigestChallenge,
  request: {
    readonly method: string
    readonly uri: string
    readonly username: string
    readonly password: string
  },
  cnonce: string = randomToken(12),
): string {
  const hash = (text: string): string =>
    createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex')
  const nc = '00000001'
  const ha1 = hash(`${request.username}:${challenge.realm}:${request.password}`)
  const ha2 = hash(`${request.method}:${request.uri}`)
  const response = challenge.hasQop
    ? hash(`${ha1}:${challenge.nonce}:${nc}:${cnonce}:auth:${ha2}`)
    : hash(`${ha1}:${challenge.nonce}:${ha2}`)
  return [
    `Digest username=${quote(request.username)}`,
    `realm=${quote(challenge.realm)}`,
    `nonce=${quote(challenge.nonce)}`,
    `uri=${quote(request.uri)}`,
    `algorithm=${challenge.algorithm}`,
    ...(challenge.hasQop ? ['qop=auth', `nc=${nc}`, `cnonce=${quote(cnonce)}`] : []),
    `response=${quote(response)}`,
    ...(challenge.opaque === null ? [] : [`opaque=${quote(challenge.opaque)}`]),
  ].join(', ')
}

const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
