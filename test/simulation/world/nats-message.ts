/** What travels; `code` is a status without a body, such as 503 for nobody there. */
export interface Sent {
  readonly subject: string
  readonly data: Uint8Array
  readonly reply?: string | undefined
  readonly code?: number
}

const encoder = new TextEncoder()
export const decoder = new TextDecoder()

export const bytesOf = (payload: Uint8Array | string | undefined): Uint8Array =>
  typeof payload === 'string' ? encoder.encode(payload) : (payload ?? new Uint8Array())

export const json = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))

export const matches = (pattern: string, subject: string): boolean =>
  pattern === subject || (pattern.endsWith('.*') && subject.startsWith(pattern.slice(0, -1)))

/** For the trace. Inboxes have names by chance, which no trace must hold. */
export const labelOf = ({ subject, data, code }: Sent): string => {
  const name = subject.startsWith('_INBOX.') ? 'inbox' : subject
  return code === undefined ? `${name} (${data.length} bytes)` : `${name} says ${code}`
}
