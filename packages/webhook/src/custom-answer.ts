import type { FieldError, HttpAnswer } from './http-answer.ts'
import { isObject } from './input-value.ts'
import { HOP_BY_HOP } from './removed-headers.ts'

/**
 * Reads `response` of a flow's output:
 *
 *     { status?: 200–599, headers?: { name: text | texts }, body?: text | json?: any | base64?: text }
 *
 * `body` is sent as text/plain, `json` as JSON, `base64` as the bytes it stands for; a content-type
 * among the headers wins. Without status it is 200, or 204 when there is nothing to send. Null: the
 * output has no object under `response`, so the default answer is meant.
 */
export function readCustomAnswer(output: unknown): HttpAnswer | readonly FieldError[] | null {
  if (!isObject(output) || !Object.hasOwn(output, 'response')) return null
  const response = output['response']
  if (!isObject(response)) return null
  const errors: FieldError[] = Object.keys(response)
    .filter((key) => !KEYS.includes(key))
    .map((key) => ({
      pointer: `/response/${escapePointer(key)}`,
      message: `is not known; known are ${KEYS.join(', ')}`,
    }))
  const content = readContent(response, errors)
  const status = readStatus(response['status'], content === null ? 204 : 200, errors)
  const headers = readHeaders(response['headers'], errors)
  if (errors.length > 0) return errors
  const isEmpty = content === null || WITHOUT_BODY.has(status)
  return {
    status,
    headers: {
      ...(isEmpty ? {} : { 'content-type': content.type }),
      ...headers,
      ...guardHeaders(headers),
    },
    body: isEmpty ? '' : content.body,
  }
}

const KEYS = ['status', 'headers', 'body', 'json', 'base64']
/** Statuses that HTTP sends without a body. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304])

interface Content {
  readonly type: string
  readonly body: string | Uint8Array
}

function readContent(
  response: Readonly<Record<string, unknown>>,
  errors: FieldError[],
): Content | null {
  const given = ['body', 'json', 'base64'].filter((key) => response[key] !== undefined)
  if (given.length > 1)
    errors.push({ pointer: '/response', message: `has ${given.join(' and ')}; give one of them` })
  const { body, json, base64 } = response
  if (json !== undefined) return { type: 'application/json', body: JSON.stringify(json) }
  if (base64 !== undefined) {
    if (typeof base64 === 'string' && BASE64.test(base64))
      return { type: 'application/octet-stream', body: Buffer.from(base64, 'base64') }
    errors.push({ pointer: '/response/base64', message: 'must be text in base64' })
  }
  if (body !== undefined && body !== null) {
    if (typeof body === 'string') return { type: 'text/plain; charset=utf-8', body }
    errors.push({ pointer: '/response/body', message: 'must be text; give other values as json' })
  }
  return null
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

function readStatus(value: unknown, byDefault: number, errors: FieldError[]): number {
  if (value === undefined) return byDefault
  if (typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599)
    return value
  errors.push({ pointer: '/response/status', message: 'must be a whole number from 200 to 599' })
  return byDefault
}

function readHeaders(value: unknown, errors: FieldError[]): Record<string, string> {
  if (value === undefined) return {}
  if (!isObject(value)) {
    errors.push({ pointer: '/response/headers', message: 'must be an object of names and texts' })
    return {}
  }
  const entries = Object.entries(value)
  if (entries.length > HEADERS_MAX)
    errors.push({ pointer: '/response/headers', message: `may have ${HEADERS_MAX} entries` })
  const headers = new Map<string, string>()
  for (const [raw, given] of entries) {
    const pointer = `/response/headers/${escapePointer(raw)}`
    const name = raw.toLowerCase()
    const isList = Array.isArray(given) && given.every((one) => typeof one === 'string')
    const text: unknown = isList ? given.join(', ') : given
    if (!TOKEN.test(name))
      errors.push({ pointer, message: 'is no name of a header: letters, digits and hyphens' })
    else if (HOP_BY_HOP.has(name) || NOT_A_FLOWS.has(name))
      errors.push({ pointer, message: 'cannot be set by a flow; leave it out' })
    else if (headers.has(name))
      errors.push({ pointer, message: 'is given twice; names are the same in any case of letters' })
    else if (typeof text !== 'string' || text.length > HEADER_MAX_CHARS || !VALUE.test(text))
      errors.push({
        pointer,
        message: `must be text of at most ${HEADER_MAX_CHARS} characters of Latin-1 on one line; percent-encode others`,
      })
    else headers.set(name, text)
  }
  return Object.fromEntries(headers)
}

const HEADERS_MAX = 64
const HEADER_MAX_CHARS = 8_192
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/
/** No line break, no NUL, nothing that would begin another header. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * Headers that frame the message, or that act on the whole origin: the answer comes from the address
 * that the API and the console are served from, and their sessions are not a flow's to touch.
 */
const NOT_A_FLOWS: ReadonlySet<string> = new Set([
  'alt-svc',
  'clear-site-data',
  'content-length',
  'nel',
  'public-key-pins',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
])

/** A page made by a flow runs in an origin of its own: it may look like anything and read nothing of ours. */
function guardHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const theirs = headers['content-security-policy']
  return {
    'content-security-policy': theirs === undefined ? SANDBOX : `${theirs}, ${SANDBOX}`,
    'x-content-type-options': 'nosniff',
  }
}

const SANDBOX = 'sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts'

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
