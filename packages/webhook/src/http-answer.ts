import { type Refusal, REFUSALS } from './refusal.ts'

/** What the gateway sends back. Names of headers are in lower case. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** Which part of a value is wrong. The message goes on after the pointer's name. */
export interface FieldError {
  readonly pointer: string
  readonly message: string
}

/** A refused call as a problem document (RFC 9457). `instance` is the path that was called. */
export function refusalAnswer(refusal: Refusal, instance: string): HttpAnswer {
  const status = REFUSALS[refusal.reason]
  return problem(
    status,
    { detail: refusal.detail, instance, reason: refusal.reason },
    {
      // RFC 9110 wants a challenge with each 401; no registered scheme says "signed webhook".
      ...(status === 401 && { 'www-authenticate': 'Webhook realm="millrace"' }),
      ...(refusal.allow !== undefined && { allow: refusal.allow.join(', ') }),
      ...(refusal.retryAfterSeconds !== undefined && {
        'retry-after': String(refusal.retryAfterSeconds),
      }),
    },
  )
}

export function problem(
  status: number,
  more: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const title = TITLES[status] ?? 'Error'
  const type = `https://millrace.dev/problems/${title.toLowerCase().replaceAll(' ', '-')}`
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: JSON.stringify({ type, title, status, ...more }),
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Malformed request',
  401: 'Not authenticated',
  403: 'Not permitted',
  404: 'Not found',
  405: 'Method not allowed',
  413: 'Too large',
  422: 'Invalid input',
  429: 'Too many requests',
  500: 'Internal error',
}
