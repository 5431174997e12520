import { decideOverlap, nextQueued, type Overlap } from './overlap.ts'

/** A run that was decided on and is not over. */
export interface OpenRun {
  readonly id: string
  /** Whose queue it stands in: null for the schedule's own, else a backfill's. */
  readonly lane: string | null
  readonly plannedMs: number
  readonly overlap: Overlap
  /** Null while it is queued. */
  readonly executionId: string | null
  /** Whether it was started and has not ended. */
  readonly isLive: boolean
}

export interface DueTime {
  readonly plannedMs: number
  readonly overlap: Overlap
}

export interface RunsFacts {
  readonly open: readonly OpenRun[]
  /** The schedule's own times that are to run now, oldest first. */
  readonly due: readonly DueTime[]
  /** `held`: what is queued stays so. `closed`: it is given up, for this reason. Not for backfills. */
  readonly own:
    { readonly kind: 'open' | 'held' } | { readonly kind: 'closed'; readonly reason: string }
  /** Why nothing at all can be started; null: it can. */
  readonly refusal: string | null
  readonly newId: () => string
}

/** A due time, as it goes into the book. */
export interface BookedRun extends DueTime {
  readonly id: string
  readonly state: 'QUEUED' | 'STARTED' | 'SKIPPED'
  readonly reason: string | null
  readonly executionId: string | null
}

export interface RunsDecision {
  /** Open runs that turned out to be over. */
  readonly ended: readonly string[]
  /** Queued runs that start now. */
  readonly started: readonly { readonly run: OpenRun; readonly executionId: string }[]
  /** Queued runs that are given up. */
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
  readonly booked: readonly BookedRun[]
  /** Executions to cancel, before anything is started. */
  readonly cancelled: readonly string[]
  /** Executions of the schedule's own runs that live on, those that start now included. */
  readonly running: readonly string[]
}

/** What becomes of the runs of a schedule: those that are due, and those that wait for others. */
export function decideRuns(facts: RunsFacts): RunsDecision {
  const lanes = lanesOf(facts.open)
  const own = laneOf(lanes, null)
  const skipped: { id: string; reason: string }[] = []
  const started: { run: OpenRun; executionId: string }[] = []
  const booked: Writable<BookedRun>[] = []
  const cancelled: string[] = []

  for (const due of facts.due) book(due)
  for (const [name, lane] of lanes) serve(name, lane)

  return {
    ended: facts.open.filter(isOver).map((run) => run.id),
    started,
    skipped,
    booked,
    cancelled,
    running: own.running,
  }

  function book(due: DueTime): void {
    const run: Writable<BookedRun> = {
      ...due,
      id: facts.newId(),
      state: 'SKIPPED',
      reason: facts.refusal,
      executionId: null,
    }
    booked.push(run)
    if (facts.refusal !== null) return
    const decision = decideOverlap({
      overlap: due.overlap,
      runningIds: own.running,
      queuedMs: own.queued.map(({ plannedMs }) => plannedMs),
    })
    switch (decision.kind) {
      case 'skip':
        run.reason = decision.reason
        return
      case 'queue':
        run.state = 'QUEUED'
        own.queued.push({ plannedMs: due.plannedMs, overlap: due.overlap, open: null, booked: run })
        return
      case 'replace': {
        // What was to start at this very moment is simply not started.
        const live = decision.executionIds.filter((id) => !revoke(id))
        cancelled.push(...live)
        for (const one of own.queued.splice(0)) giveUp(one, REPLACED)
        // Those that are cut off at once are not waited for.
        own.running = decision.start === 'now' ? [] : live
        const queued = { ...due, open: null, booked: run }
        if (own.running.length === 0) return start(own, queued)
        run.state = 'QUEUED'
        own.queued.push(queued)
        return
      }
      case 'start':
        start(own, { ...due, open: null, booked: run })
    }
  }

  function serve(name: string | null, lane: Lane): void {
    const reason =
      facts.refusal ?? (name === null && facts.own.kind === 'closed' ? facts.own.reason : null)
    if (reason !== null) for (const one of lane.queued.splice(0)) giveUp(one, reason)
    if (name === null && facts.own.kind === 'held') return
    for (;;) {
      const [first] = lane.queued
      if (first === undefined) return
      const plannedMs =
        first.overlap === 'allow'
          ? first.plannedMs
          : nextQueued({
              runningIds: lane.running,
              queuedMs: lane.queued.map((one) => one.plannedMs),
            })
      if (plannedMs === null) return
      lane.queued.shift()
      start(lane, first)
    }
  }

  function start(lane: Lane, run: Queued): void {
    const executionId = facts.newId()
    lane.running = [...lane.running, executionId]
    if (run.booked !== null) Object.assign(run.booked, { state: 'STARTED', executionId })
    else if (run.open !== null) started.push({ run: run.open, executionId })
  }

  /** True: it was decided on just now, and is not any more. */
  function revoke(executionId: string): boolean {
    const run = booked.find((one) => one.executionId === executionId)
    if (run !== undefined)
      Object.assign(run, { state: 'SKIPPED', reason: REPLACED, executionId: null })
    return run !== undefined
  }

  function giveUp(run: Queued, reason: string): void {
    if (run.booked !== null) Object.assign(run.booked, { state: 'SKIPPED', reason })
    else if (run.open !== null) skipped.push({ id: run.open.id, reason })
  }
}

const REPLACED = 'a newer run took its place'

/** A queue, and the executions that it waits for. */
interface Lane {
  running: readonly string[]
  readonly queued: Queued[]
}

interface Queued extends DueTime {
  /** Either of both: known before, or booked just now. */
  readonly open: OpenRun | null
  readonly booked: Writable<BookedRun> | null
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

const isOver = (run: OpenRun): boolean => run.executionId !== null && !run.isLive

function lanesOf(open: readonly OpenRun[]): Map<string | null, Lane> {
  const lanes = new Map<string | null, Lane>()
  for (const run of open) {
    const lane = laneOf(lanes, run.lane)
    if (run.executionId === null)
      lane.queued.push({
        plannedMs: run.plannedMs,
        overlap: run.overlap,
        open: run,
        booked: null,
      })
    else if (run.isLive) lane.running = [...lane.running, run.executionId]
  }
  return lanes
}

function laneOf(lanes: Map<string | null, Lane>, name: string | null): Lane {
  const known = lanes.get(name)
  if (known !== undefined) return known
  const lane: Lane = { running: [], queued: [] }
  lanes.set(name, lane)
  return lane
}
