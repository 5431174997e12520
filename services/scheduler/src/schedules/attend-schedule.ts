import { isEnded } from '@millrace/execution'
import { decideFire, decideRuns, type FireDecision, type RunsDecision } from '@millrace/schedule'
import { newId } from '@millrace/runtime'
import {
  answerWaits,
  cancelExecutions,
  createExecutions,
  createSchemaPins,
  deleteIteration,
  fireIteration,
  holdIteration,
  type IterationRow,
  lockSchedule,
  markWatched,
  type OpenRunRow,
  type Queryable,
  readIteration,
  readOpenRuns,
  readScheduleWork,
  recordScriptRuns,
  type ScheduleKey,
  type ScheduleWork,
  saveSchedule,
  updateScheduleRuns,
} from '@millrace/store'
import { type Aftermath, createAftermath } from './aftermath.ts'
import { bookRuns } from './book-runs.ts'
import { calendarOf } from './calendar-of.ts'
import { inputRefusal } from './input-refusal.ts'
import { moveIteration } from './move-iteration.ts'
import { newRun } from './new-executions.ts'
import { planIteration } from './plan-iteration.ts'
import { startIteration } from './start-iteration.ts'
import { wrapRuns } from './wrap-runs.ts'

/**
 * Brings one schedule to where it has to be, in the caller's transaction and under its row lock: what
 * has ended is settled, what is due is started, queued or left out, and there is one live iteration, or
 * none. Doing it twice does it once, so that whoever has a doubt may ask for it.
 *
 * A crash before the commit leaves what was there, and the sweep comes again; a crash after it leaves
 * executions whose nudges were lost, which their own sweeps find.
 */
export async function attendSchedule(tx: Queryable, key: ScheduleKey): Promise<Aftermath> {
  const after = createAftermath()
  const work = (await lockSchedule(tx, key)) ? await readScheduleWork(tx, key) : null
  const found = await readIteration(tx, key)
  if (work === null) {
    if (found !== null) await dropIteration(tx, key, { after, iteration: found, why: GONE })
    return after
  }
  const open = await readOpenRuns(tx, { ...key, deep: work.overlap === 'cancel_running' })
  const { live, notBeforeMs } = await settleIteration(tx, key, { after, work, iteration: found })
  const lastEndMs = lastEndOf(work, open)
  const fire = await fireIfDue(tx, key, { after, work, iteration: live, lastEndMs })
  const runs = decideRuns({
    open: open.map(toOpenRun),
    due: fire?.due ?? [],
    own: isOn(work)
      ? { kind: work.paused_at === null ? 'open' : 'held' }
      : { kind: 'closed', reason: 'the schedule was disabled' },
    refusal: await refusalOf(work),
    newId,
  })

  const decidedUntilMs = fire?.decidedUntilMs ?? work.decided_until
  let parentId = live?.execution_id ?? null
  let finishedAt = work.finished_at
  let problem: string | null = null
  if (live !== null) {
    await holdOrLetGo(tx, key, { after, work, iteration: live })
  } else if (isOn(work)) {
    const facts = { decidedUntilMs, lastEndMs, notBeforeMs, running: runs.running }
    const next = planIteration(work, facts)
    finishedAt = next.kind === 'finished' ? (finishedAt ?? work.now) : null
    problem = next.kind === 'problem' ? next.problem : null
    if (next.kind === 'plan')
      parentId = await startIteration(tx, key, { after, work, plan: next.plan })
  }
  await applyRuns(tx, key, { after, work, runs, fire, parentId })
  await saveSchedule(tx, key, {
    decided_until: decidedUntilMs,
    resumed_at: fire === null ? work.resumed_at : null,
    resume_catch_up: fire === null ? work.resume_catch_up : null,
    last_end_at: lastEndMs,
    finished_at: finishedAt,
    problem,
  })
  return after
}

const isOn = (work: ScheduleWork): boolean => work.is_enabled && work.deleted_at === null

interface Settled {
  /** The iteration that goes on. */
  readonly live: IterationRow | null
  /** When the next may start at the earliest. */
  readonly notBeforeMs: number | null
}

/** Takes leave of an iteration that has ended, or is not wanted as it is. */
async function settleIteration(
  tx: Queryable,
  key: ScheduleKey,
  facts: { after: Aftermath; work: ScheduleWork; iteration: IterationRow | null },
): Promise<Settled> {
  const { after, work, iteration } = facts
  const none = { live: null, notBeforeMs: null }
  if (iteration === null) return none
  const { status, execution_id: executionId } = iteration
  const isLive = status !== null && !isEnded(status)
  if (isLive && isOn(work) && iteration.revision === work.revision)
    return { live: iteration, notBeforeMs: null }
  if (isLive)
    await dropIteration(tx, key, { after, iteration, why: isOn(work) ? CHANGED : DISABLED })
  else await deleteIteration(tx, { ...key, executionId })
  const isScript = work.timing === null
  if (isScript) await recordScriptRuns(tx, { ...key, iterationId: executionId })
  if (isLive) return none
  if (status !== 'ENDED_SUCCESS')
    return { ...none, notBeforeMs: (iteration.ended_at ?? work.now) + REST_AFTER_FAILURE_MS }
  if (!isScript) return none
  const startedMs = Math.max(iteration.since, iteration.start_at ?? 0)
  return { ...none, notBeforeMs: Math.min(startedMs, iteration.ended_at ?? work.now) + APART_MS }
}

/**
 * Lets the iteration whose time has come go on, and says which runs that brings; null: it has not, or
 * somebody holds it back.
 */
async function fireIfDue(
  tx: Queryable,
  key: ScheduleKey,
  facts: {
    after: Aftermath
    work: ScheduleWork
    iteration: IterationRow | null
    lastEndMs: number | null
  },
): Promise<FireDecision | null> {
  const { after, work, iteration, lastEndMs } = facts
  if (iteration === null || iteration.planned_at === null || iteration.fired_at !== null)
    return null
  const isDue = (iteration.start_at ?? 0) <= work.now
  // Paused by a person, or with its schedule: then its resume is what lets it go on.
  if (!isDue || work.paused_at !== null || iteration.status === 'PAUSED') return null
  const executionId = iteration.execution_id
  if (!(await fireIteration(tx, { ...key, executionId }))) return null
  const outcome = { kind: 'value', value: { v: null } } as const
  const wait = { workspaceId: key.workspaceId, executionId, generation: 1, seq: 0, outcome }
  after.answered.push(...(await answerWaits(tx, [wait])))
  return decideFire({
    calendar: calendarOf(work, lastEndMs),
    decidedUntilMs: work.decided_until,
    nowMs: work.now,
    jitterMs: iteration.jitter_ms,
    catchUp: work.resume_catch_up ?? work.catch_up,
    catchUpWindowMs: work.catch_up_window_seconds * 1_000,
    overlap: work.overlap,
    resumedAtMs: work.resumed_at,
  })
}

async function dropIteration(
  tx: Queryable,
  key: ScheduleKey,
  facts: { after: Aftermath; iteration: IterationRow; why: string },
): Promise<void> {
  const { after, iteration, why } = facts
  const executionId = iteration.execution_id
  const executions = [{ workspaceId: key.workspaceId, executionId }]
  after.cancelled.push(...(await cancelExecutions(tx, { executions, message: why })))
  await deleteIteration(tx, { ...key, executionId })
}

async function applyRuns(
  tx: Queryable,
  key: ScheduleKey,
  facts: {
    after: Aftermath
    work: ScheduleWork
    runs: RunsDecision
    fire: FireDecision | null
    parentId: string | null
  },
): Promise<void> {
  const { after, work, runs, fire, parentId } = facts
  const { workspaceId } = key
  const executions = runs.cancelled.map((executionId) => ({ workspaceId, executionId }))
  const message = `A later run of the schedule ${work.name} took its place.`
  after.cancelled.push(...(await cancelExecutions(tx, { executions, message })))
  await updateScheduleRuns(tx, workspaceId, [
    ...runs.ended.map((id) => ({ id, state: 'ENDED' as const })),
    ...runs.skipped.map(({ id, reason }) => ({ id, state: 'SKIPPED' as const, reason })),
    ...runs.started.map(({ run, executionId }) => ({
      id: run.id,
      state: 'STARTED' as const,
      executionId,
    })),
  ])
  const isNew = await bookRuns(tx, key, { runs, fire })
  const schemas = isStarting(runs)
    ? await createSchemaPins(tx).pin(workspaceId, {
        input: work.flow_input_schema,
        output: work.flow_output_schema,
      })
    : null
  const toRun = (id: string, plannedMs: number) =>
    newRun(work, { id, plannedMs, parentId, schemas })
  const born = await wrapRuns(tx, work, [
    ...runs.started.map(({ run, executionId }) => toRun(executionId, run.plannedMs)),
    ...runs.booked.flatMap(({ id, plannedMs, executionId }) =>
      executionId === null || !isNew(id) ? [] : [toRun(executionId, plannedMs)],
    ),
  ])
  if (born.length > 0) await createExecutions(tx, born)
  // Without an iteration above them their ends would not be told, and the next waits for them.
  const alone = born.filter((one) => one.parentId === null)
  if (alone.length > 0)
    await markWatched(
      tx,
      alone.map((one) => ({ workspaceId, executionId: one.id })),
    )
  after.born.push(...born)
}

const isStarting = ({ started, booked }: RunsDecision): boolean =>
  started.length > 0 || booked.some(({ executionId }) => executionId !== null)

/** The iteration is paused as long as its schedule is, whatever else a person does to it. */
async function holdOrLetGo(
  tx: Queryable,
  key: ScheduleKey,
  facts: { after: Aftermath; work: ScheduleWork; iteration: IterationRow },
): Promise<void> {
  const { after, work, iteration } = facts
  const held = work.paused_at !== null
  if (iteration.held === held) return
  const executionId = iteration.execution_id
  const moved = await moveIteration(
    tx,
    { workspaceId: key.workspaceId, executionId },
    held ? 'pauseRequested' : 'resumeRequested',
  )
  if (moved !== null) after.moved.push(moved)
  await holdIteration(tx, { ...key, executionId, held })
}

const toOpenRun = (row: OpenRunRow) => ({
  id: row.id,
  lane: row.origin === 'SCRIPT' ? row.id : row.backfill_id,
  plannedMs: row.planned_at,
  overlap: row.overlap,
  executionId: row.execution_id,
  isLive: row.is_live,
})

/** When its own runs ended last, those included that are only now seen to have ended. */
function lastEndOf(work: ScheduleWork, open: readonly OpenRunRow[]): number | null {
  const ends = open
    .filter((run) => run.origin === 'TIMING' && run.state === 'STARTED' && !run.is_live)
    .map((run) => run.ended_at ?? work.now)
  const known = work.last_end_at === null ? ends : [work.last_end_at, ...ends]
  return known.length === 0 ? null : Math.max(...known)
}

/** Why no run can be started at all. */
async function refusalOf(work: ScheduleWork): Promise<string | null> {
  if (work.deleted_at !== null) return 'the schedule is in the trash'
  if (work.flow_script_hash === null) return 'its flow is in the trash or gone'
  return inputRefusal(work)
}

const GONE = 'Its schedule was removed.'
const DISABLED = 'Its schedule was disabled.'
const CHANGED = 'Its schedule was changed; another iteration takes its place.'
/** So that what is broken does not spin. */
const REST_AFTER_FAILURE_MS = 60_000
/** Iterations of a script start this far apart at least, should it not wait at all. */
const APART_MS = 1_000
