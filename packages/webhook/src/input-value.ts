import { type CallHeaders, headerOf, type WebhookCall } from './call.ts'
import { isSameSecret } from './mac.ts'
import { type Fields, type Payload, readFields, readPayload } from './payload.ts'
import type { Refusal } from './refusal.ts'
import { CREDENTIALS, HOP_BY_HOP } from './removed-headers.ts'

/** The input_value of an execution that a call starts. What the call does not have is absent. */
export interface WebhookInput {
  readonly method: string
  /** The further parts of the path, percent-decoded: `/a/b`. */
  readonly path?: string
  readonly query?: Fields
  /** By name in lower case; without those of `removed-headers.ts`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: Payload
}

export interface CallLimits {
  readonly bodyBytes: number
  readonly headers: number
  /** Names and values together. */
  readonly headerChars: number
  readonly pathChars: number
  readonly queryChars: number
  /** Fields of a query or of a form. */
  readonly fields: number
  readonly jsonDepth: number
}

/** 25 MiB is what GitHub sends at most, the largest of the common senders. */
export const CALL_LIMITS: CallLimits = {
  bodyBytes: 25 * 1_024 * 1_024,
  headers: 100,
  headerChars: 32_768,
  pathChars: 2_048,
  queryChars: 16_384,
  fields: 1_000,
  jsonDepth: 64,
}

/** Why a call is too large to be looked at, or null. Asks for lengths only. */
export function findOversize(
  call: Omit<WebhookCall, 'body'>,
  bodyBytes: number,
  limits: CallLimits,
): Refusal | null {
  if (call.path.length > limits.pathChars || call.query.length > limits.queryChars)
    return {
      reason: 'url_too_large',
      detail: `The path below /call may have ${limits.pathChars} characters and the query ${limits.queryChars}. Send data in the body.`,
    }
  const names = Object.keys(call.headers)
  let chars = 0
  for (const name of names) chars += name.length + (headerOf(call.headers, name)?.length ?? 0)
  if (names.length > limits.headers || chars > limits.headerChars)
    return {
      reason: 'headers_too_large',
      detail: `A call may have ${limits.headers} headers of ${limits.headerChars} characters together.`,
    }
  if (bodyBytes > limits.bodyBytes)
    return {
      reason: 'body_too_large',
      detail: `The body has ${bodyBytes} bytes; ${limits.bodyBytes} are accepted. Send a reference to the data instead.`,
    }
  return null
}

/** The call as the flow sees it. Never throws, whatever bytes it is given. */
export function toInputValue(call: WebhookCall, limits: CallLimits): WebhookInput | Refusal {
  const query = readFields(call.query, limits.fields)
  if (query === null)
    return {
      reason: 'url_too_large',
      detail: `The query may have ${limits.fields} fields. Send data in the body.`,
    }
  const contentType = headerOf(call.headers, 'content-type')
  const payload = readPayload(call.body, contentType, limits)
  if (typeof payload === 'string')
    return {
      reason: 'payload_malformed',
      detail: `${payload} Send what the content type says, or another content type.`,
    }
  const headers = keptHeaders(call.headers)
  return {
    method: call.method,
    ...(call.path !== '' && call.path !== '/' && { path: decodePath(call.path) }),
    ...(Object.keys(query).length > 0 && { query }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(payload !== null && { payload }),
  }
}

/**
 * The same input without the webhook's key where it was sent: inputs are stored, shown and exported.
 * A field `key` that holds something else is the sender's own and stays.
 */
export function withoutKey(
  input: WebhookInput,
  key: string,
  keyHeader: string | null,
): WebhookInput {
  const holdsKey = ([name, value]: readonly [string, unknown]): boolean =>
    name === 'key' &&
    [value].flat().some((one) => typeof one === 'string' && isSameSecret(key, one))
  const strip = <T extends object>(fields: T): T =>
    Object.fromEntries(Object.entries(fields).filter((field) => !holdsKey(field))) as T
  const { query, headers, payload, ...rest } = input
  const keptQuery = query === undefined ? {} : strip(query)
  const kept = Object.entries(headers ?? {}).filter(([name]) => name !== keyHeader)
  return {
    ...rest,
    ...(Object.keys(keptQuery).length > 0 && { query: keptQuery }),
    ...(kept.length > 0 && { headers: Object.fromEntries(kept) }),
    ...(payload !== undefined && {
      payload:
        'json' in payload && isObject(payload.json)
          ? { ...payload, json: strip(payload.json) }
          : payload,
    }),
  }
}

function keptHeaders(headers: CallHeaders): Readonly<Record<string, string>> {
  const named = (headerOf(headers, 'connection') ?? '').toLowerCase().split(/[\s,]+/)
  return Object.fromEntries(
    Object.keys(headers).flatMap((raw) => {
      const name = raw.toLowerCase()
      const value = headerOf(headers, raw)
      return value === null || HOP_BY_HOP.has(name) || CREDENTIALS.has(name) || named.includes(name)
        ? []
        : [[name, value] as const]
    }),
  )
}

/** Segment by segment: one that is no valid encoding stays as it was sent. */
function decodePath(path: string): string {
  return path
    .split('/')
    .map((segment) => {
      try {
        return decodeURIComponent(segment)
      } catch {
        return segment
      }
    })
    .join('/')
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
