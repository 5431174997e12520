import { VALUE_MAX_BYTES } from '@millrace/replay'
import { type Schema, flag, list, seconds, secret, strictObject, text } from './schema.ts'

/** The keys that every type accepts. */
export const COMMON_PROPERTIES: Readonly<Record<string, Schema>> = {
  schema_version: { const: '1', description: 'Version of these inputs; absent means the newest.' },
  connect_timeout: { ...seconds(30), description: 'Seconds for resolve, connect, TLS and log in.' },
  total_timeout: { ...seconds(30), description: 'Seconds for the whole attempt.' },
  idempotent: flag(undefined, {
    description: 'Whether a call with an unknown outcome may be made again; overrides the mode.',
  }),
  max_output_size: {
    type: 'integer',
    minimum: 1,
    maximum: VALUE_MAX_BYTES,
    default: 10_485_760,
    description: 'Bytes of output at most.',
  },
}

export const tlsSchema = (modes: readonly string[] | null, byDefault: string | null): Schema =>
  strictObject({
    ...(modes !== null && { tls_mode: { enum: modes, default: byDefault } }),
    verify: flag(true, { description: 'false trusts anybody who answers. For trials only.' }),
    ca: text({
      'x-multiline': true,
      description: 'PEM of certificate authorities to trust as well.',
    }),
    ca_only: flag(false, { description: 'Trust only those given in ca.' }),
    server_name: text({ description: 'The name expected in the certificate; default: host.' }),
    client_certificate: text({ 'x-multiline': true }),
    client_key: secret({ 'x-multiline': true }),
    client_key_password: secret(),
    min_version: { enum: ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] },
    legacy: flag(false, { description: 'Accept what servers before TLS 1.2 offer.' }),
    pinned_sha256: list(text({ pattern: '^[0-9a-fA-F:]{64,95}$' }), {
      description: 'SHA-256 fingerprints of the accepted certificates.',
    }),
  })
