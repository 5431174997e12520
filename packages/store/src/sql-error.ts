import { ServiceError, type ErrorCode } from '@millrace/runtime'

export type { ServiceError } from '@millrace/runtime'

/** SQLSTATE, or its class, to our code. The only such map. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  '23505': 'conflict', // unique_violation
  '22P02': 'invalid', // malformed uuid or json
  '22P05': 'invalid', // a character that text cannot hold
  '22003': 'invalid', // a number out of range
  '22007': 'invalid', // a time that is none
  '22008': 'invalid', // a time out of range, such as one of the year 0
  '22021': 'invalid',
  '55P03': 'unavailable', // lock timeout: somebody else is at it
  '57014': 'unavailable', // statement timeout
  '40001': 'unavailable', // serialization failure
  '40P01': 'unavailable', // deadlock
  '08': 'unavailable', // connection
  '53': 'unavailable', // out of resources
  '57': 'unavailable', // operator intervention: shutting down, starting up
}

/** Errors of a connection that never reached Postgres, or lost it. */
const NETWORK =
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Cannot use a pool after calling end/

export function toServiceError(error: unknown, statement: string): ServiceError {
  if (error instanceof ServiceError) return error
  const { code, message } = error as { code?: unknown; message?: unknown }
  const state = typeof code === 'string' ? code : ''
  const mapped = CODES[state] ?? CODES[state.slice(0, 2)]
  const text = typeof message === 'string' ? message : String(error)
  if (mapped !== undefined)
    return new ServiceError(mapped, `${statement}: ${text}`, { cause: error })
  if (NETWORK.test(state) || NETWORK.test(text))
    return new ServiceError('unavailable', `${statement}: Postgres is away (${text})`, {
      cause: error,
    })
  return new ServiceError('internal', `${statement}: ${text}`, { cause: error })
}

/**
 * What Postgres says of data that it will never take: of the wrong form, outside a range, against a
 * CHECK, too large. Null for any other error, of which the same statement may be rid another time; a
 * value that exists already is one of those, since somebody may have been first.
 */
export function refusalOf(error: unknown): string | null {
  const { cause } = toServiceError(error, 'statement')
  const state = stateOf(cause)
  const isRefusal = /^(22|23|54)/.test(state) && state !== '23505' && state !== '23P01'
  return isRefusal && cause instanceof Error ? cause.message : null
}

/** Whether Postgres has rolled the transaction back because of others: nothing of it is left. */
export const wasRolledBack = (error: unknown): boolean =>
  ['40001', '40P01'].includes(stateOf(toServiceError(error, 'statement').cause))

function stateOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : ''
}
