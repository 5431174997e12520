import { type ErrorCode, ServiceError, toldMessage, toServiceError } from '@millrace/runtime'

/** A problem document (RFC 9457). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  /** What is wrong and the way out. */
  readonly detail: string
  readonly instance?: string
  /** Which parts of the input are wrong, by JSON pointer. */
  readonly errors?: readonly FieldError[]
  /** Further facts, such as the execution's status. */
  readonly [more: string]: unknown
}

export interface FieldError {
  readonly pointer: string
  readonly message: string
  readonly line?: number
  readonly column?: number
}

/** Any error as the document that a caller may see. What the servers behind us said stays inside. */
export function toProblem(error: unknown, instance: string): Problem {
  const service = toServiceError(error)
  const { httpStatus, errors, retryAfterSeconds, ...more } = service.details
  const status = typeof httpStatus === 'number' ? httpStatus : STATUS[service.code]
  return {
    type: `https://millrace.dev/problems/${titleOf(status).toLowerCase().replaceAll(' ', '-')}`,
    title: titleOf(status),
    status,
    detail: toldMessage(service),
    instance,
    ...(Array.isArray(errors) && { errors: errors as FieldError[] }),
    ...(typeof retryAfterSeconds === 'number' && { retry_after: retryAfterSeconds }),
    ...more,
  }
}

/** An input that is wrong in these places. */
export function invalid(errors: readonly FieldError[]): ServiceError {
  const text = errors.map(
    ({ pointer, message }) => `${pointer === '' ? 'The body' : pointer} ${message}`,
  )
  return new ServiceError('invalid', `${text.slice(0, 3).join('; ')}.`, { details: { errors } })
}

/** The request itself cannot be read: 400. */
export const malformed = (message: string): ServiceError =>
  new ServiceError('invalid', message, { details: { httpStatus: 400 } })

export const notFound = (what: string): ServiceError =>
  new ServiceError('notFound', `There is no ${what} in this workspace. Check the id or the name.`)

/** It never was, or retention has removed it: nothing is left that could tell. */
export const executionNotFound = (id: string): ServiceError =>
  new ServiceError(
    'notFound',
    `There is no execution ${id} in this workspace. Check the id; executions are removed some time after their end.`,
  )

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  stale: 409,
  tooLarge: 413,
  limited: 429,
  unavailable: 503,
  internal: 500,
}

function titleOf(status: number): string {
  return TITLES[status] ?? 'Error'
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Malformed request',
  401: 'Not authenticated',
  403: 'Not permitted',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  414: 'Address too long',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  422: 'Invalid input',
  429: 'Too many requests',
  500: 'Internal error',
  501: 'Not available yet',
  503: 'Unavailable',
}
