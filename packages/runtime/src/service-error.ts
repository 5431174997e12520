/**
 * The one error that shells throw. `retryable` follows from the code; `details` may be shown to a
 * caller; `cause` is for logs and never leaves the process.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }

  /** Whether the same request may succeed later without a change. */
  get retryable(): boolean {
    return this.code === 'unavailable' || this.code === 'limited'
  }
}

export const ERROR_CODES = [
  'invalid', // the request cannot be right: 400, 422
  'unauthenticated', // 401
  'forbidden', // 403
  'notFound', // 404, also for another workspace's
  'conflict', // name taken, wrong state: 409
  'stale', // somebody moved it first; reload and decide again
  'tooLarge', // 413
  'limited', // 429
  'unavailable', // a server we need is away: 503
  'internal', // ours to mend: 500
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]
