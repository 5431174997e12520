import { ServiceError } from './service-error.ts'

/** The error itself when it is one of ours, otherwise `internal` with it as the cause. */
export function toServiceError(error: unknown, what?: string): ServiceError {
  if (error instanceof ServiceError) return error
  const message = error instanceof Error ? error.message : String(error)
  const full = what === undefined ? message : `${what}: ${message}`
  return new ServiceError('internal', full, { cause: error })
}
