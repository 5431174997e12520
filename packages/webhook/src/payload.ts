import { isDeeperThan } from './json-depth.ts'

/** What a call carries. `content_type` is the header as it was sent, null when there was none. */
export type Payload =
  | { readonly json: unknown; readonly content_type: string | null }
  | { readonly form: Fields; readonly content_type: string | null }
  | { readonly text: string; readonly content_type: string | null }
  | { readonly base64: string; readonly content_type: string | null }

/** Fields of a form or a query. One that comes several times is a list. */
export type Fields = Readonly<Record<string, string | readonly string[]>>

export interface PayloadLimits {
  readonly jsonDepth: number
  readonly fields: number
}

/**
 * The body as its content type says, and only so: what it looks like is never asked. JSON that is
 * none is an error (a sentence); text in an unknown or wrong charset, and everything else, is base64.
 * Uploads (multipart) are base64 as well: nothing in a body may name a file.
 */
export function readPayload(
  body: Uint8Array,
  contentType: string | null,
  limits: PayloadLimits,
): Payload | string | null {
  if (body.length === 0) return null
  const type = /^[^;,\s]*/.exec(contentType ?? '')?.[0].toLowerCase() ?? ''
  const content_type = contentType
  if (JSON_TYPE.test(type)) {
    const read = readJson(body, limits.jsonDepth)
    return typeof read === 'string' ? read : { json: read.json, content_type }
  }
  const text = TEXT_TYPE.test(type) || type === FORM_TYPE ? decode(body, contentType ?? '') : null
  if (text === null) return { base64: Buffer.from(body).toString('base64'), content_type }
  if (type !== FORM_TYPE) return { text, content_type }
  const form = readFields(text, limits.fields)
  return form === null ? `The form has more than ${limits.fields} fields.` : { form, content_type }
}

/** Fields of `a=1&b=2`, percent-decoded; null when there are more than `max`. */
export function readFields(text: string, max: number): Fields | null {
  const found = new Map<string, string[]>()
  let count = 0
  // One leading question mark is taken for a URL's; this one is ours.
  for (const [name, value] of new URLSearchParams(`?${text}`)) {
    count += 1
    if (count > max) return null
    const values = found.get(name)
    if (values === undefined) found.set(name, [value])
    else values.push(value)
  }
  // fromEntries defines own properties, so that a field named __proto__ stays a field.
  return Object.fromEntries(
    [...found].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  )
}

const FORM_TYPE = 'application/x-www-form-urlencoded'
const JSON_TYPE = /^(?:application|text)\/json$|\+json$/
const TEXT_TYPE =
  /^text\/|\+xml$|\+yaml$|^application\/(?:xml|xml-dtd|javascript|ecmascript|graphql|yaml|x-yaml|toml|sql|x-ndjson|ndjson|jsonl|x-jsonlines|json-seq)$/

function readJson(body: Uint8Array, depthMax: number): { readonly json: unknown } | string {
  if (isDeeperThan(body, depthMax)) return `The body is JSON deeper than ${depthMax} levels.`
  const text = decode(body, '')
  if (text === null) return 'The body is said to be JSON and is not UTF-8.'
  try {
    return { json: JSON.parse(text) as unknown }
  } catch (error) {
    // The parser quotes what it did not like; a short piece of the caller's own body is enough.
    const where = error instanceof Error ? error.message.slice(0, 120) : ''
    return `The body is said to be JSON and is not: ${where}`
  }
}

function decode(body: Uint8Array, contentType: string): string | null {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType)?.[1] ?? 'utf8'
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body)
  } catch {
    return null
  }
}
