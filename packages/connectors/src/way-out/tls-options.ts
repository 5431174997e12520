import { isIP } from 'node:net'
import { type ConnectionOptions, createSecureContext, getCACertificates } from 'node:tls'
import { ConnectionFailure } from '../failure.ts'

export interface TlsInput {
  readonly tls_mode?: 'off' | 'implicit' | 'start_tls'
  readonly verify?: boolean
  readonly ca?: string
  readonly ca_only?: boolean
  readonly server_name?: string
  readonly client_certificate?: string
  readonly client_key?: string
  readonly client_key_password?: string
  readonly min_version?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  readonly legacy?: boolean
  readonly pinned_sha256?: readonly string[]
}

/** What to give to `tls.connect`. Throws ConnectionFailure INPUT when a PEM cannot be read. */
export function tlsOptionsOf(tls: TlsInput, host: string): ConnectionOptions {
  const name = tls.server_name ?? host.replaceAll(/^\[|\]$/g, '')
  const context = {
    ...(tls.ca !== undefined && {
      ca: tls.ca_only === true ? [tls.ca] : [...getCACertificates('default'), tls.ca],
    }),
    ...(tls.client_certificate !== undefined && { cert: tls.client_certificate }),
    ...(tls.client_key !== undefined && { key: tls.client_key }),
    ...(tls.client_key_password !== undefined && { passphrase: tls.client_key_password }),
    minVersion: tls.min_version ?? (tls.legacy === true ? 'TLSv1' : 'TLSv1.2'),
    // Servers of that age sign with what OpenSSL refuses above level 0.
    ...(tls.legacy === true && { ciphers: 'DEFAULT@SECLEVEL=0' }),
  } as const
  return {
    secureContext: secureContextOf(context),
    rejectUnauthorized: tls.verify !== false,
    host: name,
    // An address is no server name (RFC 6066, section 3).
    servername: isIP(name) === 0 ? name : '',
  }
}

function secureContextOf(options: Parameters<typeof createSecureContext>[0]) {
  try {
    return createSecureContext(options)
  } catch (cause) {
    throw new ConnectionFailure(
      'INPUT',
      'The certificate or key under tls cannot be read. Give PEM text, and client_key_password when the key is encrypted.',
      {
        cause,
        details: { name: 'InvalidInputError', problems: [{ pointer: '/tls' }] },
        outcome: 'none',
      },
    )
  }
}

/** Whether the certificate with this SHA-256 fingerprint is one of the pinned ones, if any are. */
export function isPinned(tls: TlsInput, fingerprint: string): boolean {
  if (tls.pinned_sha256 === undefined || tls.pinned_sha256.length === 0) return true
  const plain = (text: string): string => text.replaceAll(':', '').toLowerCase()
  return tls.pinned_sha256.some((pin) => plain(pin) === plain(fingerprint))
}
