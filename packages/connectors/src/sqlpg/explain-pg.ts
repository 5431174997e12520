import type { Attempt } from '../attempt.ts'
import { ConnectionFailure, type FailureFacts } from '../failure.ts'
import { codeOf } from '../way-out/dial.ts'

/** What the transaction was doing when an error came. */
export interface Progress {
  /** Between BEGIN and COMMIT: the server forgets everything when the connection ends. */
  readonly isUndoable: boolean
  /** The statement may commit on its own (CALL, DO): a cancel does not undo everything. */
  readonly commitsItself: boolean
}

/** The failure that an error of pg means. */
export function explainPg(error: unknown, progress: Progress, attempt: Attempt): unknown {
  if (error instanceof ConnectionFailure)
    return error === attempt.signal.reason ? stopped(error, progress, attempt) : error
  if (isServerError(error)) return explainServerError(error, progress, attempt)
  if (!isLost(error) || !attempt.mayHaveLeft) return error
  const text = error instanceof Error ? error.message : String(error)
  const facts = { nativeCode: `os: ${codeOf(error)}`, peerText: text, cause: error }
  if (progress.isUndoable)
    return new ConnectionFailure(
      'NOT_REACHABLE',
      'The connection was lost before the transaction was committed; nothing was changed.',
      { ...facts, outcome: 'none', nothingHappened: true },
    )
  return new ConnectionFailure(
    'OUTCOME_UNKNOWN',
    'The connection was lost after the statement may have been committed. Check in the database whether it took effect before you repeat it.',
    { ...facts, outcome: 'unknown' },
  )
}

/** Cancelled or out of time, without a word of the server on what became of the statement. */
function stopped(
  reason: ConnectionFailure,
  progress: Progress,
  attempt: Attempt,
): ConnectionFailure {
  if (!attempt.mayHaveLeft) return reason
  return new ConnectionFailure(reason.code, reason.message, {
    ...reason.facts,
    outcome: progress.isUndoable ? 'known' : 'unknown',
  })
}

interface ServerError extends Error {
  readonly code: string
  readonly severity: string
  readonly detail?: string
  readonly hint?: string
  readonly position?: string
  readonly constraint?: string
}

const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error &&
  'severity' in error &&
  'code' in error &&
  /^[0-9A-Z]{5}$/.test(String(error.code))

const isLost = (error: unknown): boolean =>
  ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
    codeOf(error),
  ) ||
  (error instanceof Error &&
    /^Connection terminated|^Client has encountered a connection error|not queryable|Cannot call write after a stream was destroyed|write after end/.test(
      error.message,
    ))

function explainServerError(
  error: ServerError,
  progress: Progress,
  attempt: Attempt,
): ConnectionFailure {
  const reason: unknown = attempt.signal.aborted ? attempt.signal.reason : null
  const facts: FailureFacts = {
    nativeCode: `pg: ${error.code}`,
    peerText: [error.message, error.detail, error.hint].filter(Boolean).join('\n'),
    cause: error,
    details: {
      ...(error.position !== undefined && { position: Number(error.position) }),
      ...(error.constraint !== undefined && { constraint: error.constraint }),
    },
  }
  if (error.code === '57014' && reason instanceof ConnectionFailure)
    return progress.commitsItself
      ? new ConnectionFailure(
          reason.code,
          `${reason.message} What the procedure had committed stays.`,
          { ...facts, outcome: 'unknown' },
        )
      : new ConnectionFailure(
          reason.code,
          `${reason.message} The server cancelled the statement; nothing was changed.`,
          { ...facts, outcome: 'known' },
        )
  return attempt.mayHaveLeft ? ofStatement(error, facts, progress) : ofLogIn(error, facts)
}

/** Before a statement was sent nothing can have happened. */
function ofLogIn(error: ServerError, facts: FailureFacts): ConnectionFailure {
  const before = { ...facts, outcome: 'none' as const }
  if (error.code.startsWith('28'))
    return new ConnectionFailure(
      'AUTHENTICATION_FAILED',
      `The server refused the log in (${error.message}). Check user and password.`,
      before,
    )
  if (error.code === '42501')
    return new ConnectionFailure(
      'PERMISSION_DENIED',
      `The server refused the log in (${error.message}).`,
      before,
    )
  if (error.code === '53300')
    return new ConnectionFailure(
      'LIMITED',
      `The server has no connection free (${error.message}).`,
      before,
    )
  if (error.code.startsWith('57P') || error.code.startsWith('08'))
    return new ConnectionFailure(
      'NOT_REACHABLE',
      `The server is not ready (${error.message}).`,
      before,
    )
  return new ConnectionFailure(
    'REJECTED',
    `The server refused the connection (${error.message}). Check the database’s name and the settings.`,
    before,
  )
}

function ofStatement(
  error: ServerError,
  facts: FailureFacts,
  progress: Progress,
): ConnectionFailure {
  const { commitsItself } = progress
  const left = commitsItself ? 'What it had committed stays.' : 'Nothing was changed.'
  if (error.code === '42501')
    return new ConnectionFailure(
      'PERMISSION_DENIED',
      `The user may not do this (${error.message}).${commitsItself ? ` ${left}` : ''}`,
      commitsItself ? { ...facts, outcome: 'unknown' } : facts,
    )
  if (error.code.startsWith('40') && error.code !== '40003' && !commitsItself)
    return new ConnectionFailure(
      'REJECTED',
      `Another transaction was in the way (${error.message}); nothing was changed. It may be tried again.`,
      { ...facts, outcome: 'known', nothingHappened: true },
    )
  if (error.code === '57014')
    return new ConnectionFailure(
      'TIMED_OUT',
      `The server stopped the statement (${error.message}). ${left} Raise statement_timeout if it needs longer.`,
      { ...facts, outcome: commitsItself ? 'unknown' : 'known' },
    )
  if (error.code.startsWith('08') || error.code.startsWith('57P') || error.code === '40003')
    return new ConnectionFailure(
      progress.isUndoable ? 'NOT_REACHABLE' : 'OUTCOME_UNKNOWN',
      progress.isUndoable
        ? `The server ended the connection before the commit (${error.message}); nothing was changed.`
        : `The server ended the connection (${error.message}). Check in the database whether the statement took effect before you repeat it.`,
      progress.isUndoable
        ? { ...facts, outcome: 'none', nothingHappened: true }
        : { ...facts, outcome: 'unknown' },
    )
  return new ConnectionFailure(
    'REJECTED',
    `The server refused the statement: ${error.message}. ${commitsItself ? `${left} ` : ''}Check the query.`,
    facts,
  )
}
