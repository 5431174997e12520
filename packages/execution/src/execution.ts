import { PLACE } from './create.ts'
import type { AnswerEvent, Event, EventOf } from './event.ts'
import type { State } from './state.ts'
import { cover, uncover } from './state.ts'
import { TRANSITIONS } from './transitions.ts'
import type { Wait } from './wait.ts'
import type { Idle } from './status.ts'
import { ANSWERABLE, statusOfWait } from './wait.ts'

/** The part of an execution that decides what may happen to it. */
export interface Execution {
  /** Counts moves and guards every update. */
  readonly version: number
  /** Counts claims, rescues and reverts; fences the processes that held it before. */
  readonly epoch: number
  /** Counts reverts; 1 until the first. */
  readonly generation: number
  /** Leases lost since it last made progress. */
  readonly recoveries: number
  /** Answers that this generation has inherited or was given: the position of the last one. */
  readonly answered: number
  /** Open waits, oldest first. They stay open while a process runs it. */
  readonly waits: readonly Wait[]
  readonly state: State
}

/**
 * What an event means. `moved`: a new version. `noted`: a fact is kept, status and version stay.
 * `ignored`: late (`stale`) or already so (`noEffect`). `refused`: a bug or an impossible request.
 */
export type Decision =
  | { readonly kind: 'moved'; readonly next: Execution }
  | { readonly kind: 'noted'; readonly next: Execution }
  | { readonly kind: 'ignored'; readonly why: 'stale' | 'noEffect' }
  | { readonly kind: 'refused'; readonly why: Refusal }

/** Why an event is refused, for logs and for the person who asked. */
export const REFUSALS = {
  notAllowed: 'its status does not allow this',
  wrongKind: 'the open wait is of another kind',
  waitNotNew: 'a wait was opened twice, or is the start itself',
  stopped:
    'its debugger has stopped it before a line; let it go on with debug, or make it productive',
  answerNotGiven: 'the code has seen an answer that was never given',
  nothingToWaitFor: 'it would wait for nothing, for ever',
} as const

export type Refusal = keyof typeof REFUSALS

/** The whole life of an execution is here: pure, total, and the same in every service. */
export function decide(now: Execution, event: Event): Decision {
  if (isStale(now, event)) return { kind: 'ignored', why: 'stale' }
  if ('seq' in event) return decideAnswer(now, event)
  if (event.type === 'gateReached') return decideGate(now, event)
  if (event.type === 'engineClaimed') return decideClaimed(now, event)
  if (event.type === 'parked') return decideParked(now, event)
  return decideOther(now, event)
}

function isStale(now: Execution, event: Event): boolean {
  if ('seq' in event) {
    return event.generation !== now.generation || now.waits.every(({ seq }) => seq !== event.seq)
  }
  if (event.type === 'reverted') return event.generation !== now.generation
  if ('generation' in event) {
    return event.generation !== now.generation || now.waits.every(({ kind }) => kind !== 'START')
  }
  if ('version' in event) return event.version !== now.version
  if ('epoch' in event) return now.state.status !== 'AT_ENGINE' || event.epoch !== now.epoch
  return false
}

function decideAnswer(now: Execution, event: AnswerEvent): Decision {
  const cell = TRANSITIONS[now.state.status][event.type]
  if (cell === 'underPause') return decideUnderPause(now, event)

  const kind = now.waits.find(({ seq }) => seq === event.seq)?.kind
  // Also where an ended execution would be caught: it has no wait of any kind.
  if (!ANSWERABLE[event.type].some((answerable) => answerable === kind)) return refused('wrongKind')
  // The start is no call of the code, so no position is spent on it, be it on its time or its place.
  const answered = event.seq === 0 ? now.answered : now.answered + 1
  const waits = now.waits.filter(({ seq }) => seq !== event.seq)
  const next = { ...now, answered, waits }
  return cell === 'noted'
    ? { kind: 'noted', next }
    : moved({ ...next, state: { status: 'WAITING_ENGINE' } })
}

/** A pause delays what an answer leads to, never the answer. */
function decideUnderPause(now: Execution, event: AnswerEvent | EventOf<'gateReached'>): Decision {
  const decision = decide({ ...now, state: uncover(now.state) }, event)
  if (!('next' in decision)) return decision
  const { kind, next } = decision
  return { kind, next: { ...next, state: cover(next.state) } }
}

/** The time of its start has come; now it waits for its place. */
function decideGate(now: Execution, event: EventOf<'gateReached'>): Decision {
  const cell = TRANSITIONS[now.state.status][event.type]
  if (cell === 'underPause') return decideUnderPause(now, event)
  if (cell === 'refused') return refused('notAllowed')
  const waits = now.waits.map((wait) => (wait.kind === 'START' ? PLACE : wait))
  return moved({ ...now, waits, state: { status: cell } })
}

function decideClaimed(now: Execution, event: EventOf<'engineClaimed'>): Decision {
  const cell = TRANSITIONS[now.state.status][event.type]
  if (cell === 'refused') return refused('notAllowed')
  const state: State = { status: cell, processId: event.processId }
  return moved({ ...now, epoch: now.epoch + 1, state })
}

function decideParked(now: Execution, event: EventOf<'parked'>): Decision {
  if (TRANSITIONS[now.state.status][event.type] === 'refused') return refused('notAllowed')
  if (event.consumed > now.answered) return refused('answerNotGiven')
  const waits = [...now.waits, ...event.opened].toSorted((a, b) => a.seq - b.seq)
  const isOnceEach = new Set(waits.map(({ seq }) => seq)).size === waits.length
  const isOneStop = waits.filter(isStop).length <= 1
  if (!isOnceEach || !isOneStop || event.opened.some(({ kind }) => kind === 'START'))
    return refused('waitNotNew')

  const next = { ...now, waits, recoveries: 0 }
  const status = parkedStatus(waits, event.consumed < now.answered)
  if (status === null) return refused('nothingToWaitFor')
  const state: State = { status }
  return moved({ ...next, state: waits.some(isStop) ? cover(state) : state })
}

/** By its oldest wait, besides the stop that pauses it. Null: nothing could ever let it go on. */
function parkedStatus(waits: readonly Wait[], hasUnread: boolean): Idle | null {
  // An answer came in while the code ran: it has more to do, whatever else it waits for.
  if (hasUnread) return 'WAITING_ENGINE'
  for (const { kind } of waits) if (kind !== 'BREAK') return statusOfWait(kind)
  return waits.length > 0 ? 'WAITING_ENGINE' : null
}

const isStop = ({ kind }: Wait): boolean => kind === 'BREAK'

type OtherEvent = Exclude<Event, AnswerEvent | EventOf<'gateReached' | 'parked' | 'engineClaimed'>>

function decideOther(now: Execution, event: OtherEvent): Decision {
  const cell = TRANSITIONS[now.state.status][event.type]
  switch (cell) {
    case 'refused':
      return refused('notAllowed')
    case 'noEffect':
      return { kind: 'ignored', why: 'noEffect' }
    case 'PAUSED':
      return moved({ ...now, state: cover(now.state) })
    case 'beneath':
      if (now.waits.some(isStop)) return refused('stopped')
      return moved({ ...now, state: uncover(now.state) })
    case 'WAITING_ENGINE':
      return moved({ ...now, ...restarted(now, event), state: { status: cell } })
    case 'LOST':
      return moved({ ...now, state: { status: cell } })
    case 'ENDED_SUCCESS':
    case 'ENDED_ERROR':
    case 'ENDED_CANCELLED':
      return moved({ ...now, ...ended(now, event), state: { status: cell } })
  }
}

/** An end that its code has come to is progress; one from outside is not. */
function ended({ recoveries }: Execution, event: OtherEvent): Partial<Execution> {
  return { waits: [], recoveries: 'version' in event ? 0 : recoveries }
}

/** The counters of an execution that goes back to the queue. */
function restarted(now: Execution, event: OtherEvent): Partial<Execution> {
  const epoch = now.epoch + 1
  switch (event.type) {
    case 'recovered':
      return { epoch, recoveries: now.recoveries + 1 }
    case 'resumeRequested':
      // A rescue by hand has all of its attempts before it again.
      return { epoch, recoveries: 0 }
    case 'reverted':
      return {
        epoch,
        generation: now.generation + 1,
        recoveries: 0,
        // What is open of the past that it keeps is asked of the world again, by the code's replay.
        answered: event.kept ?? 0,
        waits: [],
      }
    default:
      return {}
  }
}

function moved(next: Execution): Decision {
  return { kind: 'moved', next: { ...next, version: next.version + 1 } }
}

function refused(why: Refusal): Decision {
  return { kind: 'refused', why }
}
