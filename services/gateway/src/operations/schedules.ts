import { ServiceError } from '@millrace/runtime'
import {
  insertScheduleRuns,
  listScheduleRuns,
  type NewScheduleRun,
  pauseSchedule,
  readClock,
  resumeSchedule,
  type ScheduleRow,
  type ScheduleRunRow,
} from '@millrace/store'
import { planBackfill, type PlannedTime, preview } from '@millrace/schedule'
import type { Caller, Context, IdSource } from '../context.ts'
import { invalid, notFound } from '../problem.ts'
import type { BackfillBody, PreviewBody } from '../schemas/schedule.ts'
import { attendSchedule } from './attend-schedule.ts'
import { type ListInput, pageJson, time, timeOrNull, toListRequest } from './page-request.ts'
import { find, readRecordJson, updateRecord } from './records.ts'
import { calendarOfRow, calendarOfTiming } from './schedule-calendar.ts'

/** Names one schedule: by its id, or by its name. */
export interface ScheduleAddress {
  readonly key: string
  readonly by: 'id' | 'name'
}

export const findSchedule = async (
  context: Pick<Context, 'api'>,
  caller: Caller,
  address: ScheduleAddress,
): Promise<ScheduleRow> =>
  (await find(context, caller, { type: 'schedule', ...address })) as ScheduleRow

/** Enables or disables it; the answer is the record as JSON text. */
export const enableSchedule = (
  context: Context,
  caller: Caller,
  request: ScheduleAddress & { readonly isEnabled: boolean },
): Promise<string> => {
  const { key, by, isEnabled } = request
  return updateRecord(context, caller, {
    type: 'schedule',
    key,
    by,
    body: { is_enabled: isEnabled },
  })
}

/** Nothing starts until it is resumed; what runs goes on. Pausing twice pauses once. */
export async function pauseScheduleOf(
  context: Context,
  caller: Caller,
  address: ScheduleAddress,
): Promise<string> {
  const { id } = await findSchedule(context, caller, address)
  const key = { workspaceId: caller.workspaceId, scheduleId: id }
  if (!(await pauseSchedule(context.api, key))) throw notFound(`schedule ${id}`)
  return changed(context, caller, { id, action: 'pause' })
}

/** Throws `conflict` when it is not paused. */
export async function resumeScheduleOf(
  context: Context,
  caller: Caller,
  request: ScheduleAddress & { readonly catchUp: 'none' | 'last' | 'all' | null },
): Promise<string> {
  const { id, name } = await findSchedule(context, caller, request)
  const key = { workspaceId: caller.workspaceId, scheduleId: id }
  if (!(await resumeSchedule(context.api, { ...key, catchUp: request.catchUp })))
    throw new ServiceError('conflict', `The schedule ${name} is not paused.`)
  return changed(context, caller, { id, action: 'resume' })
}

/** The next times of a schedule, whether or not it is enabled. */
export async function previewSchedule(
  context: Context,
  caller: Caller,
  request: ScheduleAddress & { count: number; from: string | undefined },
): Promise<object> {
  const row = await findSchedule(context, caller, request)
  const fromMs = await momentOf(context, request.from)
  return previewJson(preview(calendarOfRow(row), fromMs, request.count))
}

/** The next times of a timing that belongs to no schedule yet. */
export async function previewTiming(context: Context, body: PreviewBody): Promise<object> {
  const fromMs = await momentOf(context, body.from)
  return previewJson(preview(calendarOfTiming(body, fromMs), fromMs, body.count ?? 5))
}

/** Runs times of the past, or shows them. Throws `invalid` where there is nothing to run. */
export async function backfillSchedule(
  context: Context,
  caller: Caller,
  request: ScheduleAddress & { body: BackfillBody; ids: IdSource },
): Promise<object> {
  const { body, ids } = request
  const row = await findSchedule(context, caller, request)
  const plan = planBackfill({
    calendar: calendarOfRow(row),
    fromMs: Date.parse(body.from),
    toMs: Date.parse(body.to),
    nowMs: await readClock(context.api),
    ...(body.limit !== undefined && { limit: body.limit }),
  })
  if (plan.kind === 'refused') throw invalid(plan.problems)
  const answer = {
    times: plan.times.map(({ at, note }) => ({ at, note })),
    continue_from: timeOrNull(plan.continueFromMs),
  }
  if (body.dry_run === true || plan.times.length === 0) return { backfill_id: null, ...answer }
  const backfillId = ids()
  const overlap = body.overlap ?? 'queue_all'
  await enqueue(context, caller, row, {
    action: 'backfill',
    runs: plan.times.map(({ timeMs }) => ({
      ...newRun(ids(), timeMs),
      origin: 'BACKFILL',
      backfillId,
      overlap,
    })),
  })
  return { backfill_id: backfillId, ...answer }
}

/** Runs the flow once more, now, whatever else runs; answers with the run. */
export async function triggerSchedule(
  context: Context,
  caller: Caller,
  request: ScheduleAddress & { ids: IdSource },
): Promise<object> {
  const row = await findSchedule(context, caller, request)
  const id = request.ids()
  const plannedMs = await readClock(context.api)
  await enqueue(context, caller, row, {
    action: 'trigger',
    runs: [{ ...newRun(id, plannedMs), origin: 'TRIGGER', backfillId: id, overlap: 'allow' }],
  })
  const filter = { field: 'id', op: 'eq', value: id } as const
  const list = { filter, order: null, limit: 1, cursor: null, count: false }
  const { workspaceId } = caller
  const page = await listScheduleRuns(context.api, { workspaceId, scheduleId: row.id, ...list })
  const [run] = page.rows
  if (run === undefined) throw notFound(`run ${id} of the schedule ${row.name}`)
  return runJson(run)
}

/** What became of its planned times, the newest first; JSON text. */
export async function listRunsJson(
  context: Context,
  caller: Caller,
  request: ScheduleAddress & ListInput,
): Promise<string> {
  const { id: scheduleId } = await findSchedule(context, caller, request)
  const list = toListRequest(caller.workspaceId, request)
  const page = await listScheduleRuns(context.api, { ...list, scheduleId })
  return pageJson(
    page.rows.map((row) => JSON.stringify(runJson(row))),
    page,
  )
}

/** A run as the API shows it. */
function runJson(row: ScheduleRunRow): object {
  return {
    id: row.id,
    state: row.state,
    origin: row.origin,
    planned_at: time(row.planned_at),
    last_planned_at: timeOrNull(row.last_planned_at),
    count: row.count,
    reason: row.reason,
    execution_id: row.execution_id,
    execution_status: row.status,
    started_at: timeOrNull(row.started_at),
    ended_at: timeOrNull(row.ended_at),
    backfill_id: row.origin === 'BACKFILL' ? row.backfill_id : null,
    decided_at: time(row.decided_at),
  }
}

const previewJson = (times: readonly PlannedTime[]): object => ({
  times: times.map(({ at, note }) => ({ at, note })),
})

const newRun = (id: string, plannedMs: number) =>
  ({
    id,
    plannedMs,
    lastPlannedMs: null,
    count: 1,
    state: 'QUEUED',
    reason: null,
    executionId: null,
  }) as const

/** Into the book first, so that a crash loses none of them; a repeat finds them there. */
async function enqueue(
  context: Context,
  caller: Caller,
  row: ScheduleRow,
  { action, runs }: { action: 'backfill' | 'trigger'; runs: readonly NewScheduleRun[] },
): Promise<void> {
  const key = { workspaceId: caller.workspaceId, scheduleId: row.id }
  await insertScheduleRuns(context.api, key, runs)
  await context.records.changed(caller, { type: 'schedule', id: row.id, action })
  await attendSchedule(context, key)
}

async function changed(
  context: Context,
  caller: Caller,
  { id, action }: { id: string; action: 'pause' | 'resume' },
): Promise<string> {
  await context.records.changed(caller, { type: 'schedule', id, action })
  await attendSchedule(context, { workspaceId: caller.workspaceId, scheduleId: id })
  return readRecordJson(context, caller, { type: 'schedule', key: id, by: 'id' })
}

const momentOf = async (context: Context, from: string | undefined): Promise<number> =>
  from === undefined ? readClock(context.api) : Date.parse(from) - 1
