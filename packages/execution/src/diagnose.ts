import { askedOfRecords } from './explain-wait.ts'
import type { ExecutionType, Idle, Status } from './status.ts'
import { isEnded, isParked } from './status.ts'
import type { WaitKind } from './wait.ts'
import { statusOfWait } from './wait.ts'

/** A live execution as far as it matters whether it stands still for a reason. Ages in ms. */
export interface StandingExecution {
  readonly executionId: string
  readonly type: ExecutionType
  readonly status: Status
  readonly beneath: Idle | null
  /** Since its last move. */
  readonly ageMs: number
  /** Whether a process that renews its lease holds it; of others than AT_ENGINE: not looked at. */
  readonly isHeld: boolean
  /** Whether that process says it has it; null: it was not asked, or did not answer. */
  readonly isKnownThere: boolean | null
  /** What its status shows, of it or beneath its pause: the stop of a debugger is none. */
  readonly oldestWait: Exclude<WaitKind, 'BREAK'> | null
  /** Its maximum runtime in seconds; null: no limit. */
  readonly maxRuntime: number | null
  /** By how much it has run for longer than it may; null: no limit, or not started. */
  readonly overrunMs: number | null
  /** Whether the scheduler looks after its limit; true where there is none. */
  readonly isWatched: boolean
  /** No orphan, and something above it was cancelled. */
  readonly isAbandoned: boolean
}

/** An open wait, likewise. */
export interface StandingWait {
  readonly executionId: string
  readonly seq: number
  readonly kind: WaitKind
  readonly subject: string | null
  /** Since it was opened. */
  readonly ageMs: number
  /** By how much its time is over; null: no time, or not over. */
  readonly overdueMs: number | null
  /** Its execution is PAUSED. */
  readonly isPaused: boolean
  /** Its execution has ended, was reverted since or is gone, and that for long. */
  readonly isStale: boolean
  /** DEPENDENCY: by those that ended long ago it is decided. */
  readonly isDecided: boolean
  /** RESPONSE: its message was answered or closed long ago, or is gone. */
  readonly isSettled: boolean
  /** LOCK: how its request stands. */
  readonly request: 'missing' | 'unseen' | 'queued' | null
  /** LOCK: it is first in its queue and there has been a free place for long. */
  readonly isPassedOver: boolean
}

/** What runs, and what waits to be taken. */
export interface Surroundings {
  readonly engines: number
  readonly connectors: number
  /** Whether work of the pool lies in the queue of NATS; null: not known. */
  readonly isEngineBusy: boolean | null
  readonly isConnectorBusy: boolean | null
}

/** Why something stands still that should not, in words, and which hand mends it. */
export interface Finding {
  readonly kind: FindingKind
  readonly executionId: string
  readonly seq: number | null
  /** LOCK: the key. */
  readonly subject: string | null
  readonly sentence: string
}

/** `null`: nothing that could be mended by telling somebody again. */
export const REPAIRS = {
  untaken: 'offer it to the engines again',
  noRunner: null,
  lost: 'take it from the process that is gone',
  unheld: 'take it from the process that does not know it',
  nothingToWaitFor: null,
  wrongStatus: null,
  overrun: 'tell the scheduler to end it',
  unwatched: 'have its maximum runtime watched',
  abandoned: 'cancel it, too',
  staleWait: 'remove the wait',
  overdue: 'wake the schedulers',
  decided: 'tell the scheduler to answer it',
  settled: 'tell the scheduler to answer it',
  control: 'tell the scheduler to carry it out',
  record: 'tell the gateways to carry it out',
  noRequest: null,
  unseen: 'tell the lock-manager to look',
  passedOver: 'tell the lock-manager to serve the queue',
} as const satisfies Readonly<Record<string, string | null>>

export type FindingKind = keyof typeof REPAIRS

/** What a nudge, a retry and two walks of the sweep take at the most on a system that is not overloaded. */
export const STANDS_TOO_LONG_MS = 10_000

/** What is wrong with it; null: it moves, or stands for a reason that holds. */
export function diagnoseExecution(one: StandingExecution, around: Surroundings): Finding | null {
  const finding = (kind: FindingKind, sentence: string): Finding => ({
    kind,
    executionId: one.executionId,
    seq: null,
    subject: null,
    sentence: `Execution ${one.executionId} ${sentence}.`,
  })
  const { status, beneath, ageMs, overrunMs } = one
  if (isEnded(status)) return null
  if (one.isAbandoned && ageMs > STANDS_TOO_LONG_MS)
    return finding('abandoned', `goes on as ${status} although something above it was cancelled`)
  if (overrunMs !== null && overrunMs > STANDS_TOO_LONG_MS)
    return finding('overrun', `is ${seconds(overrunMs)} over its maximum runtime`)
  if (!one.isWatched) return finding('unwatched', 'has a maximum runtime that nobody looks after')
  if (ageMs <= STANDS_TOO_LONG_MS) return null

  const shown = beneath ?? status
  if (isParked(shown)) {
    if (one.oldestWait === null)
      return finding('nothingToWaitFor', `is ${status} and waits for nothing, for ever`)
    if (statusOfWait(one.oldestWait) !== shown)
      return finding('wrongStatus', `says ${shown}, and its oldest wait is for ${one.oldestWait}`)
  }
  if (status === 'WAITING_ENGINE') return diagnoseReady(one, around, finding)
  if (status === 'AT_ENGINE' && !one.isHeld)
    return finding('lost', 'is held by a process that has stopped renewing its lease')
  if (status === 'AT_ENGINE' && one.isKnownThere === false)
    return finding('unheld', 'is AT_ENGINE at a process that does not know it')
  return null
}

function diagnoseReady(
  { type, ageMs }: StandingExecution,
  around: Surroundings,
  finding: (kind: FindingKind, sentence: string) => Finding,
): Finding | null {
  const isConnection = type === 'CONNECTION'
  const runner = isConnection ? 'connector' : 'engine'
  if ((isConnection ? around.connectors : around.engines) === 0)
    return finding('noRunner', `is ready and no ${runner} is alive: start one`)
  // A queue is a reason: whoever is behind it in NATS is taken in its turn.
  const isBusy = isConnection ? around.isConnectorBusy : around.isEngineBusy
  if (isBusy !== false) return null
  return finding('untaken', `has been ready for ${seconds(ageMs)} and no ${runner} has taken it`)
}

/** What is wrong with a wait; null: who or what it waits for has not come yet. */
export function diagnoseWait(wait: StandingWait): Finding | null {
  const { executionId, seq, kind, subject, ageMs, overdueMs } = wait
  const finding = (of: FindingKind, sentence: string): Finding => ({
    kind: of,
    executionId,
    seq,
    subject: kind === 'LOCK' ? subject : null,
    sentence: `Execution ${executionId} ${sentence}.`,
  })
  if (wait.isStale)
    return finding('staleWait', `has a wait of a life that is over (${kind} ${seq})`)
  if (overdueMs !== null && overdueMs > STANDS_TOO_LONG_MS)
    return finding('overdue', `waits for a time that was ${seconds(overdueMs)} ago`)
  if (ageMs <= STANDS_TOO_LONG_MS) return null
  if (kind === 'DEPENDENCY' && wait.isDecided)
    return finding('decided', 'waits for executions that have ended')
  if (kind === 'RESPONSE' && wait.isSettled)
    return finding('settled', 'waits for the answer to a message that is not open')
  if (kind === 'CONTROL')
    return finding('control', `asked ${seconds(ageMs)} ago to ${subject ?? 'control'} another`)
  if (kind === 'RECORD')
    return finding('record', `asked ${seconds(ageMs)} ago to ${askedOfRecords(subject)}`)
  if (kind === 'BREAK' && !wait.isPaused)
    return finding('wrongStatus', 'is not paused, and its debugger has stopped it')
  if (kind !== 'LOCK') return null
  // Held back before its start, it asks for its place when it is resumed.
  if (wait.request === 'missing')
    return seq === 0 && wait.isPaused
      ? null
      : finding('noRequest', `waits for the lock ${subject ?? ''} and has not asked for it`)
  if (wait.request === 'unseen')
    return finding('unseen', `asked for the lock ${subject ?? ''} ${seconds(ageMs)} ago, unheard`)
  return wait.isPassedOver
    ? finding('passedOver', `is next for the lock ${subject ?? ''}, which has a free place`)
    : null
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`
