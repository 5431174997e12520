/** The life of an execution, in the order a reader meets it. */
export const STATUSES = [
  'SCHEDULED', // will start, or wake, at a known time
  'WAITING_DEPENDENCY', // parked until other executions have ended or were dealt with
  'WAITING_LOCK', // parked in a lock's queue
  'WAITING_RESPONSE', // parked until a person answers
  'WAITING_ENGINE', // ready: any engine may take it
  'AT_ENGINE', // held by one process under its lease
  'PAUSED', // held back by a person; what it was lies beneath
  'LOST', // the process that held it is gone
  'ENDED_SUCCESS',
  'ENDED_ERROR',
  'ENDED_CANCELLED',
] as const

export type Status = (typeof STATUSES)[number]
export type Ended = Extract<Status, `ENDED_${string}`>

/** The statuses in which nothing happens until an open wait is answered. */
export const PARKED_STATUSES = [
  'SCHEDULED',
  'WAITING_DEPENDENCY',
  'WAITING_LOCK',
  'WAITING_RESPONSE',
] as const satisfies readonly Status[]

export type Parked = (typeof PARKED_STATUSES)[number]

/** Held by nobody and not ended: what may lie beneath a pause. */
export const IDLE_STATUSES = [
  ...PARKED_STATUSES,
  'WAITING_ENGINE',
] as const satisfies readonly Status[]

export type Idle = (typeof IDLE_STATUSES)[number]

const parked: ReadonlySet<Status> = new Set(PARKED_STATUSES)
const idle: ReadonlySet<Status> = new Set(IDLE_STATUSES)

export function isEnded(status: Status): status is Ended {
  return status.startsWith('ENDED_')
}

export function isParked(status: Status): status is Parked {
  return parked.has(status)
}

export function isIdle(status: Status): status is Idle {
  return idle.has(status)
}

/** What an execution runs. */
export const EXECUTION_TYPES = ['FLOW', 'SCRIPT', 'CONNECTION', 'SCHEDULE', 'WRAPPER'] as const

export type ExecutionType = (typeof EXECUTION_TYPES)[number]
