import type { SignatureFailure } from './read-signature.ts'

/** Why a call is refused, and with which HTTP status. The reasons are listed with the deliveries. */
export const REFUSALS = {
  /** The webhook is not enabled; the caller is told what an unknown name is told. */
  disabled: 404,
  /** The flow that it starts is not there any more. */
  flow_missing: 404,
  method_not_allowed: 405,
  address_not_allowed: 403,
  body_too_large: 413,
  headers_too_large: 413,
  url_too_large: 413,
  payload_malformed: 400,
  query_malformed: 400,
  /** What the flow says of its inputs does not fit the call. */
  input_mismatch: 422,
  signature_missing: 401,
  signature_malformed: 401,
  signature_mismatch: 401,
  timestamp_missing: 401,
  timestamp_malformed: 401,
  timestamp_too_old: 401,
  timestamp_too_new: 401,
  id_missing: 401,
  key_missing: 401,
  key_mismatch: 401,
  rate_limited: 429,
} as const satisfies Readonly<Record<SignatureFailure['reason'], 401>> &
  Readonly<Record<string, number>>

export type RefusalReason = keyof typeof REFUSALS

export interface Refusal {
  readonly reason: RefusalReason
  /** What is wrong and the way out, for the caller. Holds no secret and no name of a record. */
  readonly detail: string
  /** For rate_limited. */
  readonly retryAfterSeconds?: number
  /** For method_not_allowed: the methods that are. */
  readonly allow?: readonly string[]
}

export const rateLimited = (retryAfterSeconds: number): Refusal => ({
  reason: 'rate_limited',
  detail: `This webhook is called more often than it permits. Try again in ${retryAfterSeconds} s.`,
  retryAfterSeconds,
})
