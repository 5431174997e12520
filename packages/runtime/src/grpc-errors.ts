import { Metadata, status, type ServiceError as GrpcServiceError } from '@grpc/grpc-js'
import { decodeErrorInfo, encodeErrorDetails } from './grpc-error-details.ts'
import { ERROR_CODES, ServiceError, type ErrorCode } from './service-error.ts'
import { toldMessage } from './told-message.ts'

/** What a gRPC server answers instead of a result. */
export interface GrpcFailure {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata
}

/**
 * A ServiceError as gRPC tells it: the code of the one map below, the message for callers, and the standard
 * error details with the exact code and the error's details. Anything else, and `internal`, is told as
 * "internal error" and no more: what went wrong inside is for our log.
 */
export function toGrpcFailure(error: unknown): GrpcFailure {
  const known = error instanceof ServiceError && error.code !== 'internal' ? error : INTERNAL
  const code = TO_GRPC[known.code]
  const message = known === INTERNAL ? known.message : toldMessage(known)
  const metadata = new Metadata()
  const { errors, ...others } = known.details
  metadata.set(
    DETAILS_KEY,
    encodeErrorDetails(code, message, {
      reason: reasonOf(known.code),
      domain: DOMAIN,
      metadata: Object.fromEntries(
        Object.entries(others).map(([key, value]) => [key, encodeValue(value)]),
      ),
      retryAfterSeconds: secondsOf(known.details['retryAfterSeconds']),
      violations: violationsOf(errors),
    }),
  )
  return { code, details: message, metadata }
}

/** The ServiceError behind an error of a gRPC client; of a stranger's server, by its code. */
export function fromGrpcError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  if (!isGrpcError(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return new ServiceError('internal', message, { cause: error })
  }
  const told = ours(error)
  const code = told?.code ?? FROM_GRPC.get(error.code) ?? 'internal'
  const details = told?.details ?? {}
  return new ServiceError(code, error.details, { cause: error, details })
}

/** The one map of codes. Two of ours that share one of gRPC's are told apart by the details. */
const TO_GRPC: Readonly<Record<ErrorCode, status>> = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  notFound: status.NOT_FOUND,
  conflict: status.FAILED_PRECONDITION,
  stale: status.ABORTED,
  tooLarge: status.OUT_OF_RANGE,
  limited: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  internal: status.INTERNAL,
}

const FROM_GRPC = new Map<status, ErrorCode>([
  ...ERROR_CODES.map((code) => [TO_GRPC[code], code] as const),
  [status.ALREADY_EXISTS, 'conflict'],
  // Whether it was done is unknown, as with a server that went away.
  [status.DEADLINE_EXCEEDED, 'unavailable'],
  [status.CANCELLED, 'unavailable'],
])

const DETAILS_KEY = 'grpc-status-details-bin'
const DOMAIN = 'millrace'
const INTERNAL = new ServiceError('internal', 'internal error')

const reasonOf = (code: ErrorCode): string => code.replaceAll(/[A-Z]/g, '_$&').toUpperCase()
const CODE_OF_REASON = new Map(ERROR_CODES.map((code) => [reasonOf(code), code]))

/** `errors: [{pointer, message}]`, as problem documents carry them. */
function violationsOf(errors: unknown): { field: string; description: string }[] {
  if (!Array.isArray(errors)) return []
  return errors.map((error: { pointer?: string; message?: string }) => ({
    field: error.pointer ?? '',
    description: error.message ?? '',
  }))
}

const secondsOf = (value: unknown): number | null =>
  typeof value === 'number' && value >= 0 && value < 1e9 ? value : null

function ours(
  error: GrpcServiceError,
): { code: ErrorCode; details: Record<string, unknown> } | null {
  const [bytes] = error.metadata.get(DETAILS_KEY)
  if (!Buffer.isBuffer(bytes)) return null
  try {
    const info = decodeErrorInfo(bytes)
    const code = info?.domain === DOMAIN ? CODE_OF_REASON.get(info.reason) : undefined
    if (info === null || code === undefined) return null
    const entries = Object.entries(info.metadata).map(([key, text]) => [key, decodeValue(text)])
    return { code, details: Object.fromEntries(entries) as Record<string, unknown> }
  } catch {
    return null // details that we cannot read leave the code
  }
}

/** Text as it is, the rest as JSON; text that would be read as JSON is quoted. */
function encodeValue(value: unknown): string {
  if (typeof value === 'string' && decodeValue(value) === value) return value
  return JSON.stringify(value) ?? 'null'
}

function decodeValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isGrpcError(error: unknown): error is GrpcServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error
}
