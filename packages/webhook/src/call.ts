/** Headers as Node gives them: names in lower case. */
export type CallHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** A request to `/webhook/<name>/call…`, nothing of it believed yet. */
export interface WebhookCall {
  readonly method: string
  /** What follows `/call` in the URL's path, percent-encoded as it was sent; '' when nothing does. */
  readonly path: string
  /** What follows `?` in the URL, as it was sent; '' when nothing does. */
  readonly query: string
  readonly headers: CallHeaders
  /** The bytes as they came: signatures are over them. */
  readonly body: Uint8Array
}

/** The header's value, or null when it is absent or empty. Repeated ones are joined as HTTP says. */
export function headerOf(headers: CallHeaders, name: string): string | null {
  // The name may come from a record: `constructor` must not find what every object inherits.
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  const text = typeof value === 'string' ? value : (value?.join(', ') ?? '')
  return text === '' ? null : text
}
