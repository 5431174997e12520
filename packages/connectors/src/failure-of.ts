import { ServiceError } from '@millrace/runtime'
import type { Attempt } from './attempt.ts'
import { MESSAGE_MAX_LENGTH, cut } from './cut.ts'
import { ConnectionFailure, type FailureCode, type Outcome } from './failure.ts'
import type { Masker } from './mask.ts'
import { type RepeatClass, mayRepeat } from './repeat-class.ts'
import type { AttemptError } from './run-attempt.ts'
import { codeOf } from './way-out/dial.ts'
import { refusalMessage } from './way-out/refuse.ts'

export interface Ended {
  readonly error: AttemptError
  readonly repeatable: boolean
  readonly retryAfterMs: number | null
}

/** The row of the error table that an error of any origin belongs to. */
export function failureOf(error: unknown, attempt: Attempt, repeatClass: RepeatClass): Ended {
  const failure = classify(error, attempt)
  const phase = failure.phase ?? attempt.phase
  const outcome = outcomeOf(failure, attempt)
  const { nativeCode, peerText, details, retryAfterMs } = failure.facts
  return {
    error: {
      ...(maskedDetails(details ?? {}, attempt.mask) as Record<string, unknown>),
      code: failure.code,
      phase,
      outcome,
      message: shown(failure.message, MESSAGE_MAX_LENGTH, attempt.mask),
      ...(nativeCode !== undefined && {
        native_code: shown(nativeCode, PEER_TEXT_MAX_LENGTH, attempt.mask),
      }),
      ...(peerText !== undefined && {
        peer_text: shown(peerText, PEER_TEXT_MAX_LENGTH, attempt.mask),
      }),
    },
    repeatable: isRepeatable(failure, outcome, repeatClass),
    retryAfterMs: retryAfterMs ?? null,
  }
}

const PEER_TEXT_MAX_LENGTH = 4_096
// As much of a body as a failure quotes (rest/judge.ts).
const DETAIL_MAX_LENGTH = 65_536

/** A text of any length, masked and short. */
function shown(text: string, maxLength: number, mask: Masker): string {
  // Masking megabytes takes long. A secret at this first cut is hidden by the second one.
  return cut(mask(text.slice(0, maxLength * 2 + MASK_SPARE_LENGTH)), maxLength)
}
const MASK_SPARE_LENGTH = 16_384

function classify(error: unknown, attempt: Attempt): ConnectionFailure {
  // Libraries wrap and swallow: the guard's own note is the truth.
  if (attempt.record.refusal !== null && !(error instanceof ConnectionFailure))
    return new ConnectionFailure('REFUSED_BY_POLICY', refusalMessage(attempt.record.refusal))
  if (error instanceof ConnectionFailure) return error
  const reason: unknown = attempt.signal.aborted ? attempt.signal.reason : null
  if (reason instanceof ConnectionFailure) return reason
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  const facts = { nativeCode: `os: ${code}`, peerText: text, cause: error }
  if (error instanceof ServiceError && error.retryable) return ofOurs(error, attempt)
  if (error instanceof TypeError || error instanceof ReferenceError)
    return new ConnectionFailure(
      'PROTOCOL',
      `The connector failed on its own (${text}). Report it with the execution’s id.`,
      facts,
    )
  if (!attempt.mayHaveLeft)
    return new ConnectionFailure(
      'NOT_REACHABLE',
      `The connection was lost before anything was sent (${text}). Check that the far side is well.`,
      facts,
    )
  if (isLost(code))
    return new ConnectionFailure(
      'OUTCOME_UNKNOWN',
      `The connection was lost after the request may have left (${text}). Check on the far side whether it took effect before you repeat it.`,
      facts,
    )
  return new ConnectionFailure(
    'PROTOCOL',
    `The far side’s answer could not be read: ${text}.`,
    facts,
  )
}

/** Ours was away when the inputs were gathered, or while they were sent. */
function ofOurs(error: ServiceError, attempt: Attempt): ConnectionFailure {
  const what = `The files of this workspace could not be read for a moment (${error.message}).`
  const facts = { ownAbsence: true, peerText: error.message, cause: error }
  if (!attempt.mayHaveLeft)
    return new ConnectionFailure('NOT_REACHABLE', `${what} Nothing was sent.`, facts)
  return new ConnectionFailure(
    'OUTCOME_UNKNOWN',
    `${what} A part of the request was sent. Check on the far side whether it took effect before you repeat it.`,
    facts,
  )
}

const isLost = (code: string): boolean =>
  [
    'ECONNRESET',
    'EPIPE',
    'ECONNABORTED',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'UND_ERR_SOCKET',
    'UND_ERR_DESTROYED',
    'UND_ERR_CLOSED',
    'ERR_STREAM_PREMATURE_CLOSE',
  ].includes(code)

const ALWAYS_NONE: ReadonlySet<FailureCode> = new Set([
  'INPUT',
  'REFUSED_BY_POLICY',
  'TLS_NOT_TRUSTED',
  'AUTHENTICATION_FAILED',
  'PERMISSION_DENIED',
  'NOT_REACHABLE',
])
const KNOWN: ReadonlySet<FailureCode> = new Set(['REJECTED', 'LIMITED', 'TOO_LARGE'])

function outcomeOf(failure: ConnectionFailure, attempt: Attempt): Outcome {
  if (failure.outcome !== undefined && !(failure.outcome === 'none' && attempt.hasEffect))
    return failure.outcome
  // An earlier hop or statement took effect: what fails later does not undo it.
  if (attempt.hasEffect) return 'unknown'
  if (ALWAYS_NONE.has(failure.code)) return 'none'
  if (KNOWN.has(failure.code)) return 'known'
  return attempt.mayHaveLeft ? 'unknown' : 'none'
}

function isRepeatable(
  failure: ConnectionFailure,
  outcome: Outcome,
  repeatClass: RepeatClass,
): boolean {
  if (failure.facts.nothingHappened === true) return true
  if (failure.facts.ownAbsence === true) return outcome === 'none' || mayRepeat(repeatClass)
  switch (failure.code) {
    case 'NOT_REACHABLE':
    case 'TIMED_OUT':
    case 'OUTCOME_UNKNOWN':
      return outcome === 'none' || mayRepeat(repeatClass)
    case 'LIMITED':
      return outcome !== 'unknown' || mayRepeat(repeatClass)
    default:
      return false
  }
}

function maskedDetails(value: unknown, mask: Masker): unknown {
  if (typeof value === 'string') return shown(value, DETAIL_MAX_LENGTH, mask)
  if (Array.isArray(value)) return value.map((item) => maskedDetails(item, mask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, maskedDetails(inner, mask)]),
  )
}
