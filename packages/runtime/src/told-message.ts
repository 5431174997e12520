import type { ErrorCode, ServiceError } from './service-error.ts'

/** What a caller is told. Without a cause it is our own sentence; with one it is a server's, for the log only. */
export function toldMessage(error: ServiceError): string {
  return error.cause === undefined && error.code !== 'internal' ? error.message : TOLD[error.code]
}

const TOLD: Readonly<Record<ErrorCode, string>> = {
  invalid: 'A value cannot be stored as it is. Check identifiers and text for what they may hold.',
  unauthenticated: 'The credentials were not accepted.',
  forbidden: 'You may not do this.',
  notFound: 'There is nothing here.',
  conflict:
    'Something of that name exists already. Choose another name or change the existing one.',
  stale: 'Somebody else changed it at the same time. Try again.',
  tooLarge: 'The request is too large.',
  limited: 'Too many requests. Try again later.',
  unavailable: 'A server behind this one does not answer. Try again in a moment.',
  internal: 'Something went wrong on our side. The log says what.',
}
