import type { Event, EventType } from './event.ts'
import { EVENT_TYPES } from './event.ts'
import type { Execution } from './execution.ts'
import { decide } from './execution.ts'
import type { State } from './state.ts'
import { uncover } from './state.ts'
import type { Idle, Status } from './status.ts'
import { IDLE_STATUSES } from './status.ts'
import type { Wait, WaitKind } from './wait.ts'
import { ANSWERABLE, WAIT_KINDS, statusOfWait } from './wait.ts'

/** Two letters per status; in small letters the same status beneath a pause. */
export const CODES: Record<Status, string> = {
  SCHEDULED: 'SC',
  WAITING_DEPENDENCY: 'WD',
  WAITING_LOCK: 'WL',
  WAITING_RESPONSE: 'WR',
  WAITING_ENGINE: 'WE',
  AT_ENGINE: 'AE',
  PAUSED: 'PA',
  LOST: 'LO',
  ENDED_SUCCESS: 'OK',
  ENDED_ERROR: 'ER',
  ENDED_CANCELLED: 'CA',
}

const LEGEND = `What every event does in every state, with a token that fits wherever the state has one.
XX moves there, xx there under the pause; = noted, status and version stay; - no effect;
~ late; x refused. +: waits of all kinds but START and BREAK are open, otherwise only the one that
parks it. !: its debugger has stopped it, by a BREAK besides.
Below: which answer fits which kind of wait; 0: no position among the answers is spent on it.`

/** The whole behaviour on one screen; the golden file is diffed as text. */
export function printGrid(): string {
  return `${[LEGEND, eventGrid(), kindGrid()].join('\n\n')}\n`
}

interface Column {
  readonly head: string
  readonly execution: Execution
}

interface Line {
  readonly head: string
  readonly makeEvent: (now: Execution) => Event
}

const GENERATION = 2
const WAITS: readonly Wait[] = WAIT_KINDS.map((kind, seq) => ({ seq, kind }))
const LATER_WAITS = WAITS.filter(({ kind }) => kind !== 'START' && kind !== 'BREAK')
const BREAK: readonly Wait[] = WAITS.filter(({ kind }) => kind === 'BREAK')

function eventGrid(): string {
  return table(columns(), EVENT_TYPES.flatMap(linesOf))
}

function columns(): readonly Column[] {
  const states = IDLE_STATUSES.map((status): State => ({ status }))
  const paused = IDLE_STATUSES.map((beneath): State => ({ status: 'PAUSED', beneath }))
  return [
    ...states.map((state) => column(state, ownWaits(state.status))),
    column({ status: 'WAITING_ENGINE' }, LATER_WAITS),
    column({ status: 'AT_ENGINE', processId: 'p' }, []),
    column({ status: 'AT_ENGINE', processId: 'p' }, LATER_WAITS),
    ...paused.map((state) => column(state, ownWaits(uncover(state).status))),
    column({ status: 'PAUSED', beneath: 'WAITING_ENGINE' }, LATER_WAITS),
    stopped('WAITING_DEPENDENCY'),
    stopped('WAITING_ENGINE'),
    column({ status: 'LOST' }, []),
    column({ status: 'LOST' }, LATER_WAITS),
    column({ status: 'ENDED_SUCCESS' }, []),
    column({ status: 'ENDED_ERROR' }, []),
    column({ status: 'ENDED_CANCELLED' }, []),
  ]
}

function ownWaits(status: Status): readonly Wait[] {
  const kinds: Partial<Record<Status, WaitKind>> = {
    SCHEDULED: 'TIMER',
    WAITING_DEPENDENCY: 'DEPENDENCY',
    WAITING_LOCK: 'LOCK',
    WAITING_RESPONSE: 'RESPONSE',
  }
  return WAITS.filter(({ kind }) => kind === kinds[status])
}

function column(state: State, waits: readonly Wait[]): Column {
  const head = `${codeOf(state)}${waits.length > 1 ? '+' : ''}`
  return { head, execution: sample(state, waits) }
}

function stopped(beneath: Idle): Column {
  const state: State = { status: 'PAUSED', beneath }
  return { head: `${codeOf(state)}!`, execution: sample(state, [...ownWaits(beneath), ...BREAK]) }
}

function sample(state: State, waits: readonly Wait[]): Execution {
  return { version: 8, epoch: 3, generation: GENERATION, recoveries: 1, answered: 5, waits, state }
}

function linesOf(type: EventType): readonly Line[] {
  if (type !== 'parked') return [{ head: type, makeEvent: (now) => makeEvent(type, now) }]
  const park = (head: string, opened: readonly Wait[], consumed: number): Line => ({
    head: `parked, ${head}`,
    makeEvent: ({ version }) => ({ type, version, consumed, opened }),
  })
  return [
    park('opens a LOCK', [{ seq: 9, kind: 'LOCK' }], 5),
    park('opens nothing', [], 5),
    park('answer unread', [{ seq: 9, kind: 'LOCK' }], 4),
    park('opens a BREAK', [{ seq: 9, kind: 'BREAK' }], 5),
  ]
}

/** An event whose token fits the execution as well as any can. */
function makeEvent(type: Exclude<EventType, 'parked'>, now: Execution): Event {
  switch (type) {
    case 'startTimeReached':
    case 'dependenciesMet':
    case 'lockGranted':
    case 'responseReceived':
    case 'waitTimedOut':
    case 'debuggerAnswered': {
      const fitting = now.waits.find(({ kind }) => ANSWERABLE[type].includes(kind))
      const { seq } = fitting ?? now.waits[0] ?? { seq: -1 }
      return { type, generation: GENERATION, seq }
    }
    case 'gateReached':
      return { type, generation: GENERATION }
    case 'engineClaimed':
      return { type, version: now.version, processId: 'p' }
    case 'engineReleased':
    case 'succeeded':
    case 'failed':
    case 'cancelled':
      return { type, version: now.version }
    case 'leaseExpired':
      return { type, epoch: now.epoch }
    case 'recovered':
    case 'abandoned':
    case 'runtimeExceeded':
    case 'pauseRequested':
    case 'resumeRequested':
    case 'cancelRequested':
      return { type }
    case 'reverted':
      return { type, generation: GENERATION }
  }
}

function kindGrid(): string {
  const kinds = WAITS.map((wait) => ({
    head: wait.kind,
    execution: sample(stateOfWait(wait), [wait]),
  }))
  return table(kinds, EVENT_TYPES.filter(isOfStart).flatMap(linesOf))
}

const stateOfWait = ({ kind }: Wait): State =>
  kind === 'BREAK'
    ? { status: 'PAUSED', beneath: 'WAITING_ENGINE' }
    : { status: statusOfWait(kind) }

const isOfStart = (type: EventType): boolean => type in ANSWERABLE || type === 'gateReached'

function table(heads: readonly Column[], lines: readonly Line[]): string {
  const print = (head: string, cells: readonly (readonly [Column, string])[]) => {
    const padded = cells.map(([column, cell]) => cell.padStart(Math.max(3, column.head.length)))
    return [head.padEnd(21), ...padded].join(' ').trimEnd()
  }
  return [
    print(
      '',
      heads.map((one) => [one, one.head]),
    ),
    ...lines.map(({ head, makeEvent: make }) =>
      print(
        head,
        heads.map((one) => [one, verdict(one.execution, make(one.execution))]),
      ),
    ),
  ].join('\n')
}

function verdict(now: Execution, event: Event): string {
  const decision = decide(now, event)
  switch (decision.kind) {
    case 'moved': {
      const isUncounted = 'seq' in event && decision.next.answered === now.answered
      return `${codeOf(decision.next.state)}${isUncounted ? '0' : ''}`
    }
    case 'noted':
      return '='
    case 'ignored':
      return decision.why === 'stale' ? '~' : '-'
    case 'refused':
      return 'x'
  }
}

function codeOf(state: State): string {
  return state.status === 'PAUSED' ? CODES[state.beneath].toLowerCase() : CODES[state.status]
}
