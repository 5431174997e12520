import { ZERO_ID } from './row-order.ts'
import type { Status } from '@millrace/execution'
import type { Queryable } from './database.ts'
import { sql } from './schedule-sql.ts'
import type { ScheduleOverlap } from './schedules.ts'
import { heldParam, type ShardFence } from './shard-leases.ts'

export interface ScheduleKey {
  readonly workspaceId: string
  readonly scheduleId: string
}

/** All that a decision about a schedule rests on, besides its iteration and its open runs. */
export interface ScheduleWork {
  readonly workspace_id: string
  readonly id: string
  readonly name: string
  readonly project_id: string | null
  /** JSON text; null: a scheduler's script decides. */
  readonly timing: string | null
  readonly input_value: string | null
  readonly is_enabled: boolean
  readonly is_productive: boolean
  readonly catch_up: 'none' | 'last' | 'all'
  readonly catch_up_window_seconds: number
  readonly overlap: ScheduleOverlap
  readonly jitter_seconds: number
  readonly starts_at: number | null
  readonly ends_at: number | null
  readonly revision: number
  readonly begun_at: number
  readonly decided_until: number
  readonly paused_at: number | null
  readonly resumed_at: number | null
  readonly resume_catch_up: 'none' | 'last' | 'all' | null
  readonly last_end_at: number | null
  readonly finished_at: number | null
  readonly problem: string | null
  readonly deleted_at: number | null
  /** Whether wrappers always stand around its runs. */
  readonly is_wrapped: boolean
  readonly flow_id: string
  /** Null when the flow is in the trash or gone; likewise what follows of the others. */
  readonly flow_name: string | null
  readonly flow_project_id: string | null
  /** Whether wrappers always stand around it. */
  readonly flow_is_wrapped: boolean
  readonly flow_script_hash: string | null
  readonly flow_max_runtime_seconds: number | null
  /** Its limits, JSON text each. */
  readonly flow_concurrency: string | null
  readonly flow_rate_limit: string | null
  /** Its schemas, likewise. */
  readonly flow_input_schema: string | null
  readonly flow_output_schema: string | null
  readonly setting_id: string | null
  readonly setting_name: string | null
  readonly scheduler_id: string | null
  readonly scheduler_name: string | null
  readonly scheduler_project_id: string | null
  readonly scheduler_script_hash: string | null
  /** By Postgres's clock. */
  readonly now: number
}

/** The live iteration as the table has it. `status`: null when its execution is gone. */
export interface IterationRow {
  readonly execution_id: string
  readonly revision: number
  readonly planned_at: number | null
  readonly start_at: number | null
  readonly jitter_ms: number
  readonly fired_at: number | null
  readonly held: boolean
  readonly since: number
  readonly status: Status | null
  readonly ended_at: number | null
}

/** A run that waits, or was started and not seen to end. */
export interface OpenRunRow {
  readonly id: string
  readonly origin: RunOrigin
  readonly backfill_id: string | null
  readonly planned_at: number
  readonly state: 'QUEUED' | 'STARTED'
  readonly overlap: ScheduleOverlap
  readonly execution_id: string | null
  readonly ended_at: number | null
  readonly is_live: boolean
}

export type RunOrigin = 'TIMING' | 'SCRIPT' | 'BACKFILL' | 'TRIGGER'

/** Takes the row lock for the rest of the transaction; false: there is no such schedule. */
export async function lockSchedule(tx: Queryable, key: ScheduleKey): Promise<boolean> {
  return (await tx.query(sql.lockSchedule, [key.workspaceId, key.scheduleId])).length > 0
}

export async function readScheduleWork(
  tx: Queryable,
  key: ScheduleKey,
): Promise<ScheduleWork | null> {
  const rows = await tx.query<ScheduleWork>(sql.readSchedule, [key.workspaceId, key.scheduleId])
  return rows[0] ?? null
}

export async function readIteration(tx: Queryable, key: ScheduleKey): Promise<IterationRow | null> {
  const rows = await tx.query<IterationRow>(sql.readIteration, [key.workspaceId, key.scheduleId])
  return rows[0] ?? null
}

/** `deep`: a run is live as long as anything below it is. */
export function readOpenRuns(
  tx: Queryable,
  key: ScheduleKey & { readonly deep: boolean },
): Promise<OpenRunRow[]> {
  return tx.query<OpenRunRow>(sql.readOpenRuns, [key.workspaceId, key.scheduleId, key.deep])
}

/** False: the schedule has a live iteration. Its execution is born in the same transaction, or not. */
export async function insertIteration(
  tx: Queryable,
  key: ScheduleKey,
  iteration: {
    readonly executionId: string
    readonly revision: number
    readonly plannedMs: number | null
    readonly startMs: number | null
    readonly jitterMs: number
    readonly held: boolean
  },
): Promise<boolean> {
  const rows = await tx.query(sql.insertIteration, [
    key.workspaceId,
    key.scheduleId,
    iteration.executionId,
    iteration.revision,
    timeText(iteration.plannedMs),
    timeText(iteration.startMs),
    iteration.jitterMs,
    iteration.held,
  ])
  return rows.length > 0
}

/** False: it is not the live iteration any more. */
export async function deleteIteration(
  tx: Queryable,
  key: ScheduleKey & { readonly executionId: string },
): Promise<boolean> {
  const params = [key.workspaceId, key.scheduleId, key.executionId]
  return (await tx.query(sql.deleteIteration, params)).length > 0
}

export async function holdIteration(
  tx: Queryable,
  key: ScheduleKey & { readonly executionId: string; readonly held: boolean },
): Promise<void> {
  await tx.query(sql.holdIteration, [key.workspaceId, key.scheduleId, key.executionId, key.held])
}

/** Lets an iteration that was just born wait for a decision instead of a timer. */
export async function awaitDecision(
  tx: Queryable,
  key: { readonly workspaceId: string; readonly executionId: string },
): Promise<void> {
  await tx.query(sql.awaitDecision, [key.workspaceId, key.executionId])
}

/** False: its time was decided about before. */
export async function fireIteration(
  tx: Queryable,
  key: ScheduleKey & { readonly executionId: string },
): Promise<boolean> {
  const params = [key.workspaceId, key.scheduleId, key.executionId]
  return (await tx.query(sql.fireIteration, params)).length > 0
}

/** Schedules of these shards whose time has come, by Postgres's clock; but for paused iterations. */
export async function dueIterations(
  db: Queryable,
  { shards, limit }: { readonly shards: readonly number[]; readonly limit: number },
): Promise<ScheduleKey[]> {
  return (await db.query<KeyRow>(sql.dueIterations, [shards, limit])).map(fromRow)
}

/** ms until the next time to come in these shards; null when there is none. */
export async function nextIterationMs(
  db: Queryable,
  shards: readonly number[],
): Promise<number | null> {
  const [row] = await db.query<{ in_ms: number }>(sql.nextIteration, [shards])
  return row?.in_ms ?? null
}

/** What a decision leaves behind in the schedule's row. Times: ms since 1970. */
export async function saveSchedule(
  tx: Queryable,
  key: ScheduleKey,
  after: Pick<
    ScheduleWork,
    'decided_until' | 'resumed_at' | 'resume_catch_up' | 'last_end_at' | 'finished_at' | 'problem'
  >,
): Promise<void> {
  await tx.query(sql.saveSchedule, [
    key.workspaceId,
    key.scheduleId,
    after.decided_until,
    after.resumed_at,
    after.resume_catch_up,
    after.last_end_at,
    after.finished_at,
    after.problem,
  ])
}

/** False: there is no such schedule. */
export async function pauseSchedule(db: Queryable, key: ScheduleKey): Promise<boolean> {
  return (await db.query(sql.setPaused, [key.workspaceId, key.scheduleId])).length > 0
}

/** `catchUp`: for the times that fell into this pause; null: what the schedule says. */
export async function resumeSchedule(
  db: Queryable,
  key: ScheduleKey & { readonly catchUp: 'none' | 'last' | 'all' | null },
): Promise<boolean> {
  const params = [key.workspaceId, key.scheduleId, key.catchUp]
  return (await db.query(sql.setResumed, params)).length > 0
}

/** A page of the walk over all schedules: those of the caller's shards that need attention. */
export async function sweepSchedules(
  db: Queryable,
  input: ShardFence & { readonly after: ScheduleKey | null; readonly limit: number },
): Promise<{
  readonly found: readonly ScheduleKey[]
  readonly rows: number
  readonly next: ScheduleKey | null
}> {
  const { after, limit, processId } = input
  const rows = await db.query<SweepRow>(sql.sweepSchedules, [
    heldParam(input),
    processId,
    after?.workspaceId ?? ZERO_ID,
    after?.scheduleId ?? ZERO_ID,
    limit,
  ])
  const toKey = (row: SweepRow): ScheduleKey => ({
    workspaceId: row.workspace_id,
    scheduleId: row.id,
  })
  const page = rows.find((row) => row.find === 'page')
  return {
    found: rows.filter((row) => row.find === 'found').map(toKey),
    rows: page?.rows ?? 0,
    next: page === undefined || page.rows < limit ? null : toKey(page),
  }
}

/** Live iterations whose schedule was removed for good. */
export async function strayIterations(db: Queryable): Promise<ScheduleKey[]> {
  return (await db.query<KeyRow>(sql.strayIterations)).map(fromRow)
}

/** The schedules to which these executions matter: their iterations and runs. */
export async function schedulesOfEnded(
  db: Queryable,
  ended: readonly { readonly workspaceId: string; readonly executionId: string }[],
): Promise<ScheduleKey[]> {
  const param = ended.map(({ workspaceId, executionId }) => ({
    workspace_id: workspaceId,
    execution_id: executionId,
  }))
  return (await db.query<KeyRow>(sql.schedulesOfEnded, [JSON.stringify(param)])).map(fromRow)
}

interface KeyRow {
  workspace_id: string
  schedule_id: string
}

interface SweepRow {
  find: 'found' | 'page'
  workspace_id: string
  id: string
  rows: number
}

const fromRow = (row: KeyRow): ScheduleKey => ({
  workspaceId: row.workspace_id,
  scheduleId: row.schedule_id,
})

const timeText = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString()
