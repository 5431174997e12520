import { ConnectionFailure, type FailureCode } from '../failure.ts'
import { type DecodedBody, valueOf } from './decode.ts'
import type { HttpResponse } from './exchange.ts'

/** The failure that a status outside `expected_status_code` means. `nowMs`: ms since 1970. */
export function statusFailure(
  response: HttpResponse,
  body: DecodedBody,
  url: URL,
  nowMs: number,
): ConnectionFailure {
  const retryAfterMs = readRetryAfter(valueOf(response, 'retry-after'), nowMs)
  const code = codeFor(response.status, retryAfterMs !== null)
  const status = `${response.status}${response.reason === '' ? '' : ` ${response.reason}`}`
  return new ConnectionFailure(code, `${url.host} answered ${status}. ${NEXT[code] ?? ''}`.trim(), {
    phase: 'receive',
    outcome: code === 'AUTHENTICATION_FAILED' || code === 'PERMISSION_DENIED' ? 'none' : 'known',
    nativeCode: `http: ${response.status}`,
    peerText: textOf(body).slice(0, 4_096),
    ...(retryAfterMs !== null && { retryAfterMs }),
    details: {
      status_code: response.status,
      reason: response.reason,
      body: textOf(body).slice(0, BODY_MAX_LENGTH),
    },
  })
}

const BODY_MAX_LENGTH = 65_536

const NEXT: Partial<Record<FailureCode, string>> = {
  AUTHENTICATION_FAILED: 'Check the authentication of this connector.',
  PERMISSION_DENIED: 'The account that was used may not do this.',
  LIMITED: 'It asks to come back later.',
  REJECTED: 'Add the status to expected_status_code if it is right.',
}

function codeFor(status: number, asksToWait: boolean): FailureCode {
  if (status === 401) return 'AUTHENTICATION_FAILED'
  if (status === 403) return 'PERMISSION_DENIED'
  if (status === 429 || (status === 503 && asksToWait)) return 'LIMITED'
  return 'REJECTED'
}

/** Seconds or an HTTP date, as ms from now. */
export function readRetryAfter(value: string, nowMs: number): number | null {
  if (/^\d+$/.test(value.trim())) return Number(value) * 1_000
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs)
}

function textOf(body: DecodedBody): string {
  if ('text' in body && typeof body.text === 'string') return body.text
  return 'json' in body ? JSON.stringify(body.json) : ''
}
