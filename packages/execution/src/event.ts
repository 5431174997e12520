import type { Wait } from './wait.ts'

/**
 * Everything that can happen to an execution. Events are facts, in the past tense. Delivery is
 * at-least-once, so an event that belongs to one wait, one version or one lease names it: that is
 * how a late or repeated copy is told from a fresh one.
 */
export type Event =
  | AnswerEvent
  | GateEvent
  | EngineEvent
  | LeaseEvent
  | RescueEvent
  | LimitEvent
  | UserEvent
  | RevertEvent

export type EventType = Event['type']

export type EventOf<T extends EventType> = Extract<Event, { readonly type: T }>

/** A wait is over. Said by whoever resolves that kind of wait. Token: the wait is open. */
export interface AnswerEvent {
  readonly type:
    | 'startTimeReached' // START and TIMER
    | 'dependenciesMet' // DEPENDENCY and CONTROL, whatever the verdict
    | 'lockGranted' // LOCK
    | 'responseReceived' // RESPONSE
    | 'waitTimedOut' // DEPENDENCY, LOCK, RESPONSE
    | 'debuggerAnswered' // BREAK: continue, or one of the steps; ends the pause with it
  readonly generation: number
  readonly seq: number
}

export type AnswerType = AnswerEvent['type']

/**
 * Its start time has come, and it needs a place in its flow before it may start: the wait for the
 * time becomes one for the place. Said by the scheduler. Token: the START is open.
 */
export interface GateEvent {
  readonly type: 'gateReached'
  readonly generation: number
}

/**
 * Said by the process that runs the execution. Token: `version`, the one it was dispatched with
 * or got by its claim. A short activation is committed without a claim, so all of these but the
 * claim are legal from WAITING_ENGINE too.
 */
export type EngineEvent =
  | { readonly type: 'engineClaimed'; readonly version: number; readonly processId: string }
  /**
   * The activation ran dry. `opened`: waits it began, by rising seq. `consumed`: position of the
   * last answer that the code has seen; a later one means that there is more to do at once.
   */
  | {
      readonly type: 'parked'
      readonly version: number
      readonly consumed: number
      readonly opened: readonly Wait[]
    }
  /** `engineReleased`: given back unfinished, by a process that stops. The others: the code's end. */
  | {
      readonly type: 'engineReleased' | 'succeeded' | 'failed' | 'cancelled'
      readonly version: number
    }

/** The process that held it stopped renewing its lease. Token: `epoch`, while AT_ENGINE. */
export interface LeaseEvent {
  readonly type: 'leaseExpired'
  readonly epoch: number
}

/** What becomes of a lost one: tried again, or ended in error. */
export interface RescueEvent {
  readonly type: 'recovered' | 'abandoned'
}

/** It has run for longer than it may. Said by the scheduler; harmless when repeated. */
export interface LimitEvent {
  readonly type: 'runtimeExceeded'
}

/** Said by people, or by code on their behalf. No token: each is harmless when repeated. */
export interface UserEvent {
  readonly type: 'pauseRequested' | 'resumeRequested' | 'cancelRequested'
}

/**
 * It goes back to a savepoint: another life begins. Said by people and by its own code. Token:
 * `generation`, the life that ends. `kept`: how many answers the next one inherits; none when it
 * begins anew.
 */
export interface RevertEvent {
  readonly type: 'reverted'
  readonly generation: number
  readonly kept?: number
}

/** In the order of the golden grid, where a missing one leaves a test in pieces. */
export const EVENT_TYPES = [
  'startTimeReached',
  'dependenciesMet',
  'lockGranted',
  'responseReceived',
  'waitTimedOut',
  'debuggerAnswered',
  'gateReached',
  'engineClaimed',
  'parked',
  'engineReleased',
  'succeeded',
  'failed',
  'cancelled',
  'leaseExpired',
  'recovered',
  'abandoned',
  'runtimeExceeded',
  'pauseRequested',
  'resumeRequested',
  'cancelRequested',
  'reverted',
] as const satisfies readonly EventType[]
