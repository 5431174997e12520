/**
 * Why an attempt did not succeed, in the words of the error table (docs/errors.md): what happened, in
 * which phase, and what is known about its effect on the far side. Thrown inside connectors only;
 * `runAttempt` turns it into data.
 */
export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure'
  readonly code: FailureCode
  /** Where it happened; absent: the phase in which the attempt was. */
  readonly phase: Phase | undefined
  /** What is known of its effect; absent: follows from code and phase. */
  readonly outcome: Outcome | undefined
  readonly facts: FailureFacts

  constructor(code: FailureCode, message: string, facts: FailureFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.phase = facts.phase
    this.outcome = facts.outcome
    this.facts = facts
  }
}

export interface FailureFacts {
  readonly phase?: Phase
  readonly outcome?: Outcome
  /** The far side's own code, with the name of its numbering: `pg: 57014`. */
  readonly nativeCode?: string
  /** What the far side said; masked and cut to 4 KiB before it leaves. */
  readonly peerText?: string
  /** How long the far side asked to wait, in ms. */
  readonly retryAfterMs?: number
  /** The far side promises that nothing happened: it may be repeated whatever the class. */
  readonly nothingHappened?: boolean
  /** Something of ours was away for a moment: it may be repeated as the class allows. */
  readonly ownAbsence?: boolean
  /** What else is worth telling, as JSON. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

export const FAILURE_CODES = [
  'INPUT',
  'REFUSED_BY_POLICY',
  'NOT_REACHABLE',
  'TLS_NOT_TRUSTED',
  'AUTHENTICATION_FAILED',
  'PERMISSION_DENIED',
  'REJECTED',
  'LIMITED',
  'PROTOCOL',
  'TIMED_OUT',
  'OUTCOME_UNKNOWN',
  'CANCELLED',
  'TOO_LARGE',
] as const
export type FailureCode = (typeof FAILURE_CODES)[number]

/** In the order in which an attempt goes through them. */
export const PHASES = [
  'resolve',
  'connect',
  'tls',
  'authenticate',
  'send',
  'wait',
  'receive',
] as const
export type Phase = (typeof PHASES)[number]

/** `none`: nothing left. `known`: the far side has answered. `unknown`: it may have happened. */
export const OUTCOMES = ['none', 'known', 'unknown'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Whether something may have had an effect once an attempt is in this phase. */
export const mayHaveLeft = (phase: Phase): boolean =>
  PHASES.indexOf(phase) >= PHASES.indexOf('send')
