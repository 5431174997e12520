import type { Execution } from './execution.ts'
import type { Unblock, WaitFacts, WhyWait } from './explain-wait.ts'
import { explainWait } from './explain-wait.ts'
import type { ExecutionType, Status } from './status.ts'
import { isEnded, isParked } from './status.ts'

/** All that a sentence about an execution needs. Times are ms since 1970, by one clock. */
export interface ExplainFacts {
  readonly executionId: string
  readonly type: ExecutionType
  readonly execution: Execution
  readonly now: number
  /** Its last move. */
  readonly movedAt: number
  /** When its code first ran, or null. */
  readonly startedAt: number | null
  /** Whether the process that holds it renews its lease; null: nobody holds it, or not known. */
  readonly isProcessAlive: boolean | null
  /** How many processes that could run it are alive; null: not known. */
  readonly processesAlive: number | null
  /** The details of its open waits, in any order. */
  readonly waits: readonly WaitFacts[]
}

/** Why an execution stands still. `reason` is null when it moves or has ended. */
export interface Why {
  readonly moving: boolean
  readonly status: Status
  readonly reason: string | null
  readonly since: number
  /** When it goes on at the latest, by itself; null when that is up to others. */
  readonly until: number | null
  /** Oldest first; the answer to any one of them lets it go on. */
  readonly waits: readonly WhyWait[]
  /** What a person can do to the execution itself. */
  readonly unblock: readonly Unblock[]
}

/** Says in sentences why an execution does not move, since when, until when, and what frees it. */
export function explain(facts: ExplainFacts): Why {
  const { execution } = facts
  const { status } = execution.state
  const ordered = facts.waits.toSorted((a, b) => a.seq - b.seq)
  const waits = isEnded(status) ? [] : ordered.map((wait) => explainWait(wait, facts))
  const dueTimes = waits.flatMap(({ until }) => (until === null ? [] : [until]))
  return {
    moving: status === 'AT_ENGINE' && facts.isProcessAlive !== false,
    status,
    reason: reasonOf(facts, waits),
    since: facts.movedAt,
    until: isParked(status) && dueTimes.length > 0 ? Math.min(...dueTimes) : null,
    waits,
    unblock: unblockOf(facts),
  }
}

function reasonOf(facts: ExplainFacts, waits: readonly WhyWait[]): string | null {
  const { state } = facts.execution
  switch (state.status) {
    case 'SCHEDULED':
    case 'WAITING_DEPENDENCY':
    case 'WAITING_LOCK':
    case 'WAITING_RESPONSE':
      return parkedReason(waits)
    case 'WAITING_ENGINE':
      return `${readyReason(facts)}${lostBefore(facts)}`
    case 'AT_ENGINE':
      return facts.isProcessAlive === false
        ? `The ${runnerOf(facts)} that runs it has stopped renewing its lease; it is taken over as soon as that is certain.`
        : null
    case 'PAUSED':
      return pausedReason(facts, isParked(state.beneath), waits)
    case 'LOST':
      return `The ${runnerOf(facts)} that ran it was lost, ${times(facts.execution.recoveries + 1)} since it last made progress. It is not tried again by itself: resume it, or cancel it.`
    case 'ENDED_SUCCESS':
    case 'ENDED_ERROR':
    case 'ENDED_CANCELLED':
      return null
  }
}

function parkedReason(waits: readonly WhyWait[]): string {
  const [oldest, ...others] = waits
  // The facts are read without a lock: the answer may have come in between.
  if (oldest === undefined) return 'What it waited for has just been answered.'
  if (others.length === 0) return oldest.reason
  const more = others.length === 1 ? 'one more thing' : `${others.length} more things`
  return `${oldest.reason} It also waits for ${more}; whichever comes first lets it go on.`
}

function readyReason(facts: ExplainFacts): string {
  const runner = runnerOf(facts)
  return facts.processesAlive === 0
    ? `It is ready to run, but no ${runner} is alive: start one.`
    : `It is ready to run and waits for the next free ${runner}.`
}

function lostBefore({ execution: { recoveries } }: ExplainFacts): string {
  return recoveries === 0
    ? ''
    : ` It lost its process ${times(recoveries)} since it last made progress.`
}

function pausedReason(
  facts: ExplainFacts,
  isParkedBeneath: boolean,
  waits: readonly WhyWait[],
): string {
  const stop = waits.find(isStop)
  const others = waits.filter((wait) => !isStop(wait))
  const pause =
    stop?.reason ??
    (facts.startedAt === null
      ? 'It has not started, and is held back: resume it to start it.'
      : 'It is paused: resume it to let it go on.')
  return isParkedBeneath ? `${pause} Beneath the pause: ${parkedReason(others)}` : pause
}

const isStop = ({ kind }: Pick<WhyWait, 'kind'>): boolean => kind === 'BREAK'

function unblockOf({ executionId, execution, waits }: ExplainFacts): readonly Unblock[] {
  switch (execution.state.status) {
    case 'PAUSED':
    case 'LOST':
      return [
        { action: waits.some(isStop) ? 'debug' : 'resume', ref: executionId },
        { action: 'cancel', ref: executionId },
      ]
    default:
      return []
  }
}

function runnerOf({ type }: ExplainFacts): string {
  return type === 'CONNECTION' ? 'connector' : 'engine'
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
