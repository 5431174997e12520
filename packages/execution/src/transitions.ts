import type { AnswerType, EventType } from './event.ts'
import type { Ended, Status } from './status.ts'

/**
 * Where an event leads; a status: go there. Consulted after the event's token was found fresh, so
 * the cells of events that can only be late say `refused`.
 */
export type Cell = AnswerCell | GateCell | ClaimCell | ParkCell | OtherCell | 'refused'

type AnswerCell =
  | 'WAITING_ENGINE'
  | 'noted' // the answer is kept; whoever runs it now or next finds it
  | 'underPause' // happens to what lies beneath, and the pause stays

type GateCell = 'WAITING_LOCK' | 'underPause'

type ClaimCell = 'AT_ENGINE'

type ParkCell = 'byWaits' // parked under the oldest open wait, or ready when an answer is unread

type OtherCell =
  | 'WAITING_ENGINE'
  | 'PAUSED'
  | 'LOST'
  | Ended
  | 'beneath' // lift the pause
  | 'noEffect' // expected and harmless

type CellOf<T extends EventType> =
  | 'refused' // a bug, or a request that cannot be met
  | (T extends AnswerType
      ? AnswerCell
      : T extends 'gateReached'
        ? GateCell
        : T extends 'engineClaimed'
          ? ClaimCell
          : T extends 'parked'
            ? ParkCell
            : OtherCell)

export type Row = { readonly [T in EventType]: CellOf<T> }

const answers = <C extends AnswerCell | 'refused'>(cell: C) => ({
  startTimeReached: cell,
  dependenciesMet: cell,
  lockGranted: cell,
  responseReceived: cell,
  waitTimedOut: cell,
})

// What only the process that runs it can say.
const notRunning = {
  gateReached: 'refused', // only what has not started waits for its start
  engineClaimed: 'refused',
  parked: 'refused',
  engineReleased: 'refused',
  succeeded: 'refused',
  failed: 'refused',
  cancelled: 'refused',
  leaseExpired: 'refused',
} as const

// The same of an execution that is run, claimed or not.
const running = {
  ...answers('noted'),
  gateReached: 'refused',
  parked: 'byWaits',
  engineReleased: 'WAITING_ENGINE',
  succeeded: 'ENDED_SUCCESS',
  failed: 'ENDED_ERROR',
  cancelled: 'ENDED_CANCELLED',
} as const

// Whoever stands before a line is paused.
const notStopped = { debuggerAnswered: 'refused' } as const

// Somebody else was first with the rescue.
const notLost = { recovered: 'noEffect', abandoned: 'noEffect' } as const

const live = {
  ...notLost,
  ...notStopped,
  pauseRequested: 'PAUSED',
  resumeRequested: 'noEffect',
  cancelRequested: 'ENDED_CANCELLED',
  runtimeExceeded: 'ENDED_ERROR',
  reverted: 'WAITING_ENGINE',
} as const

const parked: Row = { ...notRunning, ...live, ...answers('WAITING_ENGINE') }

const ended: Row = {
  ...answers('refused'),
  ...notRunning,
  ...notLost,
  ...notStopped,
  pauseRequested: 'noEffect',
  resumeRequested: 'noEffect',
  cancelRequested: 'noEffect',
  runtimeExceeded: 'noEffect',
  reverted: 'WAITING_ENGINE',
}

export const TRANSITIONS: Readonly<Record<Status, Row>> = {
  SCHEDULED: { ...parked, gateReached: 'WAITING_LOCK' },
  WAITING_DEPENDENCY: parked,
  WAITING_LOCK: parked,
  WAITING_RESPONSE: parked,

  WAITING_ENGINE: { ...live, ...running, engineClaimed: 'AT_ENGINE', leaseExpired: 'refused' },
  AT_ENGINE: { ...live, ...running, engineClaimed: 'refused', leaseExpired: 'LOST' },

  PAUSED: {
    ...answers('underPause'),
    ...notRunning,
    ...notLost,
    debuggerAnswered: 'WAITING_ENGINE',
    gateReached: 'underPause',
    pauseRequested: 'noEffect',
    resumeRequested: 'beneath',
    cancelRequested: 'ENDED_CANCELLED',
    runtimeExceeded: 'ENDED_ERROR',
    reverted: 'WAITING_ENGINE',
  },

  // Nothing runs that a pause could hold back: a person resumes it, ends it, or leaves it.
  LOST: {
    ...answers('noted'),
    ...notRunning,
    ...notStopped,
    recovered: 'WAITING_ENGINE',
    abandoned: 'ENDED_ERROR',
    pauseRequested: 'refused',
    resumeRequested: 'WAITING_ENGINE',
    cancelRequested: 'ENDED_CANCELLED',
    runtimeExceeded: 'ENDED_ERROR',
    reverted: 'WAITING_ENGINE',
  },

  ENDED_SUCCESS: ended,
  ENDED_ERROR: ended,
  ENDED_CANCELLED: ended,
}
