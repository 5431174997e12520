import type { AnswerType } from './event.ts'
import type { Parked } from './status.ts'

/** What an execution can wait for. An execution may have several waits open at once. */
export const WAIT_KINDS = [
  'START', // its own start time; open only before the first activation
  'TIMER', // a sleep
  'DEPENDENCY', // the end of other executions
  'LOCK', // its turn in a lock's queue
  'RESPONSE', // a person's answer
  'CONTROL', // its request to cancel, pause or resume an execution
  'RECORD', // what it asked of the records: to read some, or to change one
  'BREAK', // its debugger, before a line; open only while it is paused
] as const

export type WaitKind = (typeof WAIT_KINDS)[number]

/** One open wait. `seq` is the command that waits; 0 is the start itself. */
export interface Wait {
  readonly seq: number
  readonly kind: WaitKind
}

const STATUS_OF_WAIT: Record<Exclude<WaitKind, 'BREAK'>, Parked> = {
  START: 'SCHEDULED',
  TIMER: 'SCHEDULED',
  DEPENDENCY: 'WAITING_DEPENDENCY',
  LOCK: 'WAITING_LOCK',
  RESPONSE: 'WAITING_RESPONSE',
  CONTROL: 'WAITING_DEPENDENCY',
  RECORD: 'WAITING_DEPENDENCY',
}

/** The status of an execution that is parked with this wait as its oldest. A BREAK pauses instead. */
export function statusOfWait(kind: Exclude<WaitKind, 'BREAK'>): Parked {
  return STATUS_OF_WAIT[kind]
}

/** Which kinds of wait an answer can be for. A sleep does not time out: its time is its answer. */
export const ANSWERABLE: Record<AnswerType, readonly WaitKind[]> = {
  startTimeReached: ['START', 'TIMER'],
  dependenciesMet: ['DEPENDENCY', 'CONTROL', 'RECORD'],
  lockGranted: ['LOCK'],
  responseReceived: ['RESPONSE'],
  waitTimedOut: ['DEPENDENCY', 'LOCK', 'RESPONSE'],
  debuggerAnswered: ['BREAK'],
}
