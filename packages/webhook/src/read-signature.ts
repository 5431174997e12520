import { type CallHeaders, headerOf, type WebhookCall } from './call.ts'
import { type Algorithm, decodeMac } from './mac.ts'
import {
  type GenericSignature,
  type GithubSignature,
  type SignatureConfig,
  standardWebhooksKey,
  type TimedSignature,
  type TimestampFormat,
} from './signature-config.ts'

/** Why a signature is not accepted. */
export interface SignatureFailure {
  readonly ok: false
  readonly reason:
    | 'signature_missing'
    | 'signature_malformed'
    | 'signature_mismatch'
    | 'timestamp_missing'
    | 'timestamp_malformed'
    | 'timestamp_too_old'
    | 'timestamp_too_new'
    | 'id_missing'
  /** A sentence for whoever set up the sender. Holds nothing that would help a forger. */
  readonly message: string
}

/** What a call claims about its own signature, and what the signature must be over. */
export interface SignedParts {
  readonly ok: true
  readonly algorithm: Algorithm
  readonly keys: readonly (string | Uint8Array)[]
  /** Signed, one piece after the other. */
  readonly content: readonly (string | Uint8Array)[]
  /** One of them has to be right. */
  readonly candidates: readonly Uint8Array[]
  /** ms since 1970; null where the scheme has none. */
  readonly timestamp: number | null
  /** What stays the same when the sender tries again. To be asked once the signature is right. */
  readonly deliveryId: () => string | null
}

/** Takes a call apart as the preset says. Never throws, whatever the call holds. */
export function readSignature(
  config: SignatureConfig,
  call: WebhookCall,
): SignedParts | SignatureFailure {
  switch (config.preset) {
    case 'github':
      return readGithub(config, call)
    case 'stripe':
      return readStripe(config, call)
    case 'slack':
      return readSlack(config, call)
    case 'standard_webhooks':
      return readStandardWebhooks(config, call)
    case 'generic':
      return readGeneric(config, call)
  }
}

/**
 * GitHub signs the body alone, so the id of the delivery can be changed by whoever holds a copy. The
 * body cannot stand in for it: two dispatches of one workflow may have the same bytes.
 */
function readGithub(config: GithubSignature, { headers, body }: WebhookCall): Read {
  const text = headerOf(headers, 'x-hub-signature-256')
  if (text === null) return missing('X-Hub-Signature-256')
  const candidate = text.startsWith('sha256=') ? decodeMac(text.slice(7), 'hex') : null
  if (candidate === null) return malformed('X-Hub-Signature-256', 'sha256= and hex digits')
  return {
    ok: true,
    algorithm: 'sha256',
    keys: config.secrets,
    content: [body],
    candidates: [candidate],
    timestamp: null,
    deliveryId: () => headerOf(headers, 'x-github-delivery'),
  }
}

/** Stripe signs each attempt anew; the event's id in the body is what stays. */
function readStripe(config: TimedSignature, { headers, body }: WebhookCall): Read {
  const text = headerOf(headers, 'stripe-signature')
  if (text === null) return missing('Stripe-Signature')
  const times: string[] = []
  const candidates: Uint8Array[] = []
  for (const item of text.split(',')) {
    const at = item.indexOf('=')
    const name = item.slice(0, at).trim()
    const value = item.slice(at + 1).trim()
    if (name === 't') times.push(value)
    const candidate = name === 'v1' ? decodeMac(value, 'hex') : null
    if (candidate !== null && candidates.length < CANDIDATES_MAX) candidates.push(candidate)
  }
  const [time] = times
  if (time === undefined || times.length > 1 || candidates.length === 0)
    return malformed('Stripe-Signature', 't=<time>,v1=<hex digits>')
  const timestamp = readTime(time, 'unix_seconds')
  if (timestamp === null) return malformedTime('Stripe-Signature', 'unix_seconds')
  return {
    ok: true,
    algorithm: 'sha256',
    keys: config.secrets,
    content: [`${time}.`, body],
    candidates,
    timestamp,
    deliveryId: () => idInJson(body, 'id'),
  }
}

/** Slack signs each attempt anew; events have an id in the body, commands are sent once. */
function readSlack(config: TimedSignature, { headers, body }: WebhookCall): Read {
  const text = headerOf(headers, 'x-slack-signature')
  if (text === null) return missing('X-Slack-Signature')
  const candidate = text.startsWith('v0=') ? decodeMac(text.slice(3), 'hex') : null
  if (candidate === null) return malformed('X-Slack-Signature', 'v0= and hex digits')
  const time = timeOf(headers, 'x-slack-request-timestamp', 'unix_seconds')
  if ('reason' in time) return time
  return {
    ok: true,
    algorithm: 'sha256',
    keys: config.secrets,
    content: [`v0:${time.text}:`, body],
    candidates: [candidate],
    timestamp: time.at,
    deliveryId: () => idInJson(body, 'event_id'),
  }
}

/** Standard Webhooks, also under the names that Svix gave the headers before there was a standard. */
function readStandardWebhooks(config: TimedSignature, { headers, body }: WebhookCall): Read {
  const family =
    headerOf(headers, 'webhook-signature') === null && headerOf(headers, 'svix-signature') !== null
      ? 'svix'
      : 'webhook'
  const text = headerOf(headers, `${family}-signature`)
  if (text === null) return missing('webhook-signature')
  const candidates = text
    .split(' ')
    .filter((entry) => entry.startsWith('v1,'))
    .slice(0, CANDIDATES_MAX)
    // A proxy that joins two header lines leaves its comma behind.
    .map((entry) => decodeMac(entry.slice(3).replace(/,$/, ''), 'base64'))
    .filter((candidate) => candidate !== null)
  if (candidates.length === 0) return malformed(`${family}-signature`, 'v1, and base64')
  const id = headerOf(headers, `${family}-id`)
  if (id === null) return missingId(`${family}-id`)
  const time = timeOf(headers, `${family}-timestamp`, 'unix_seconds')
  if ('reason' in time) return time
  return {
    ok: true,
    algorithm: 'sha256',
    keys: config.secrets.map(standardWebhooksKey).filter((key) => key !== null),
    content: [`${id}.${time.text}.`, body],
    candidates,
    timestamp: time.at,
    deliveryId: () => id,
  }
}

function readGeneric(config: GenericSignature, { headers, body }: WebhookCall): Read {
  const text = headerOf(headers, config.header)
  if (text === null) return missing(config.header)
  const prefix = config.prefix ?? ''
  const encoding = config.encoding ?? 'hex'
  const candidate = text.startsWith(prefix) ? decodeMac(text.slice(prefix.length), encoding) : null
  if (candidate === null)
    return malformed(config.header, prefix === '' ? encoding : `${prefix} and ${encoding}`)
  const idHeader = config.id_header ?? null
  const id = idHeader === null ? null : headerOf(headers, idHeader)
  if (idHeader !== null && id === null) return missingId(idHeader)
  const timeHeader = config.timestamp_header ?? null
  const format = config.timestamp_format ?? 'unix_seconds'
  const time = timeHeader === null ? NO_TIME : timeOf(headers, timeHeader, format)
  if ('reason' in time) return time
  const values = { '{body}': body, '{timestamp}': time.text, '{id}': id ?? '' }
  return {
    ok: true,
    algorithm: config.algorithm ?? 'sha256',
    keys: config.secrets,
    content: (config.signed_content ?? '{body}')
      .split(/(\{(?:body|timestamp|id)\})/)
      .map((piece) =>
        Object.hasOwn(values, piece) ? values[piece as keyof typeof values] : piece,
      ),
    candidates: [candidate],
    timestamp: time.at,
    deliveryId: () => id,
  }
}

type Read = SignedParts | SignatureFailure

/** A sender that rotates has two; more only cost us time. */
const CANDIDATES_MAX = 16

interface Time {
  readonly text: string
  readonly at: number | null
}
const NO_TIME: Time = { text: '', at: null }

function timeOf(
  headers: CallHeaders,
  name: string,
  format: TimestampFormat,
): Time | SignatureFailure {
  const text = headerOf(headers, name)
  if (text === null)
    return { ok: false, reason: 'timestamp_missing', message: `The header ${name} is missing.` }
  const at = readTime(text, format)
  return at === null ? malformedTime(name, format) : { text, at }
}

/** ms since 1970, or null when the text is no time in that format. */
function readTime(text: string, format: TimestampFormat): number | null {
  switch (format) {
    case 'unix_seconds':
      return /^\d{1,12}$/.test(text) ? Number(text) * 1_000 : null
    case 'unix_milliseconds':
      return /^\d{1,15}$/.test(text) ? Number(text) : null
    case 'rfc3339': {
      const at = RFC_3339.test(text) ? Date.parse(text) : Number.NaN
      return Number.isNaN(at) ? null : at
    }
  }
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i

/** A text in a JSON body. Null when the body is something else; the signature then names the call. */
function idInJson(body: Uint8Array, field: string): string | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return null
    const id = (value as Readonly<Record<string, unknown>>)[field]
    return typeof id === 'string' && id !== '' ? id : null
  } catch {
    return null
  }
}

const missing = (header: string): SignatureFailure => ({
  ok: false,
  reason: 'signature_missing',
  message: `The header ${header} is missing. Check that the sender has been given a secret.`,
})

const missingId = (header: string): SignatureFailure => ({
  ok: false,
  reason: 'id_missing',
  message: `The header ${header} is missing, which names the delivery.`,
})

const malformed = (header: string, form: string): SignatureFailure => ({
  ok: false,
  reason: 'signature_malformed',
  message: `The header ${header} does not hold a signature of the form ${form}.`,
})

const malformedTime = (header: string, format: TimestampFormat): SignatureFailure => ({
  ok: false,
  reason: 'timestamp_malformed',
  message: `The time in the header ${header} cannot be read as ${format}.`,
})
