import type { Algorithm, Encoding } from './mac.ts'

export const PRESETS = ['github', 'stripe', 'slack', 'standard_webhooks', 'generic'] as const

/** How old or how far ahead a signed time may be. What Stripe, Slack and Standard Webhooks advise. */
export const TOLERANCE_SECONDS = 300

/**
 * How calls of a webhook are signed; the field `signature` of its record.
 *
 * Any of the secrets is accepted, so that a new one can be added before the old one is taken away.
 */
export type SignatureConfig = GithubSignature | TimedSignature | GenericSignature

export interface GithubSignature {
  readonly preset: 'github'
  readonly secrets: readonly string[]
}

/** Schemes whose signature covers the time of sending. */
export interface TimedSignature {
  readonly preset: 'stripe' | 'slack' | 'standard_webhooks'
  /** For standard_webhooks in base64, with or without `whsec_`; else as the sender shows them. */
  readonly secrets: readonly string[]
  /** Default 300. */
  readonly tolerance_seconds?: number
}

/** Any HMAC scheme whose signature is in a header. */
export interface GenericSignature {
  readonly preset: 'generic'
  readonly secrets: readonly string[]
  /** The header that holds the signature, in lower case. */
  readonly header: string
  /** Default sha256. */
  readonly algorithm?: Algorithm
  /** Default hex. */
  readonly encoding?: Encoding
  /** What precedes the signature in its header, such as `sha256=`. Default nothing. */
  readonly prefix?: string
  /** The header that holds the time of sending, in lower case. Default none: no limit of age. */
  readonly timestamp_header?: string | null
  /** Default unix_seconds. */
  readonly timestamp_format?: TimestampFormat
  /** The header that names the delivery, in lower case. Default none: the signature names it. */
  readonly id_header?: string | null
  /** What is signed: text with `{body}`, `{timestamp}` and `{id}`. Default `{body}`. */
  readonly signed_content?: string
  /** Default 300. */
  readonly tolerance_seconds?: number
}

export const TIMESTAMP_FORMATS = ['unix_seconds', 'unix_milliseconds', 'rfc3339'] as const
export type TimestampFormat = (typeof TIMESTAMP_FORMATS)[number]

/** The key in a secret of Standard Webhooks, or null when it holds none. */
export function standardWebhooksKey(secret: string): Buffer | null {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return null
  const key = Buffer.from(text, 'base64')
  return key.length === 0 ? null : key
}
