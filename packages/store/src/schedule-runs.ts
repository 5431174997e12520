import type { Status } from '@millrace/execution'
import type { Queryable } from './database.ts'
import type { Field } from './list-filter.ts'
import { type ListRequest, type Page, readPage } from './list-page.ts'
import { recordset } from './recordset.ts'
import { sql } from './schedule-sql.ts'
import type { RunOrigin, ScheduleKey } from './schedule-work.ts'
import type { ScheduleOverlap } from './schedules.ts'

/** What became of a planned time: an entry of a schedule's book. Times: ms since 1970. */
export interface NewScheduleRun {
  readonly id: string
  readonly origin: RunOrigin
  /** BACKFILL and TRIGGER: its runs are queued among themselves. */
  readonly backfillId: string | null
  readonly plannedMs: number
  /** DROPPED: the last of `count` times in a row. */
  readonly lastPlannedMs: number | null
  readonly count: number
  readonly state: 'QUEUED' | 'STARTED' | 'SKIPPED' | 'DROPPED'
  readonly reason: string | null
  readonly overlap: ScheduleOverlap
  readonly executionId: string | null
}

/** Returns the ids of those that were not decided before: only they may be started. */
export async function insertScheduleRuns(
  tx: Queryable,
  key: ScheduleKey,
  runs: readonly NewScheduleRun[],
): Promise<Set<string>> {
  if (runs.length === 0) return new Set()
  const rows = runs.map((run) => ({
    id: run.id,
    origin: run.origin,
    backfill_id: run.backfillId,
    planned_at: run.plannedMs,
    last_planned_at: run.lastPlannedMs,
    count: run.count,
    state: run.state,
    reason: run.reason,
    overlap: run.overlap,
    execution_id: run.executionId,
  }))
  const params = [key.workspaceId, key.scheduleId, recordset(rows)]
  const inserted = await tx.query<{ id: string }>(sql.insertRuns, params)
  return new Set(inserted.map((row) => row.id))
}

/** Moves open runs on. */
export async function updateScheduleRuns(
  tx: Queryable,
  workspaceId: string,
  changes: readonly {
    readonly id: string
    readonly state: 'STARTED' | 'ENDED' | 'SKIPPED'
    readonly reason?: string
    readonly executionId?: string
  }[],
): Promise<void> {
  if (changes.length === 0) return
  const rows = changes.map(({ id, state, reason = null, executionId = null }) => ({
    id,
    state,
    reason,
    execution_id: executionId,
  }))
  await tx.query(sql.updateRuns, [workspaceId, recordset(rows)])
}

/** Books the flows that an iteration of a scheduler's script has started. */
export async function recordScriptRuns(
  tx: Queryable,
  key: ScheduleKey & { readonly iterationId: string },
): Promise<void> {
  await tx.query(sql.recordScriptRuns, [key.workspaceId, key.scheduleId, key.iterationId])
}

/** Removes entries that were settled longer ago than that; returns how many, `limit` at most. */
export async function removeOldRuns(
  db: Queryable,
  { workspaceId, keepMs, limit }: { workspaceId: string; keepMs: number; limit: number },
): Promise<number> {
  const rows = await db.query<{ removed: number }>(sql.removeOldRuns, [workspaceId, keepMs, limit])
  return rows[0]?.removed ?? 0
}

export interface ScheduleRunRow {
  readonly id: string
  readonly origin: RunOrigin
  readonly backfill_id: string | null
  readonly planned_at: number
  readonly last_planned_at: number | null
  readonly count: number
  readonly state: 'QUEUED' | 'STARTED' | 'ENDED' | 'SKIPPED' | 'DROPPED'
  readonly reason: string | null
  readonly execution_id: string | null
  readonly decided_at: number
  /** Of its execution; null before it was started and after it was removed. */
  readonly status: Status | null
  readonly started_at: number | null
  readonly ended_at: number | null
}

/** One page of a schedule's book, the newest first. */
export function listScheduleRuns(
  db: Queryable,
  request: ListRequest & { readonly scheduleId: string },
): Promise<Page<ScheduleRunRow>> {
  return readPage(
    db,
    {
      name: `schedule runs ${request.scheduleId}`,
      select: sql.selectRuns.text,
      count: sql.countRuns.text,
      id: 'r.id',
      defaultOrder: '-decided_at',
      fields: { known: FIELDS },
      where: (params) => [`r.schedule_id = ${params.add(request.scheduleId)}::uuid`],
    },
    request,
  )
}

const FIELDS: Readonly<Record<string, Field>> = {
  id: { sql: 'r.id', type: 'uuid' },
  // Ids are made when it is decided: the same order, with an index.
  decided_at: { sql: 'r.decided_at', type: 'time', sortSql: { sql: 'r.id', type: 'uuid' } },
  planned_at: { sql: 'r.planned_at', type: 'time' },
  state: { sql: 'r.state', type: 'text' },
  origin: { sql: 'r.origin', type: 'text' },
  backfill_id: { sql: 'r.backfill_id', type: 'uuid' },
  execution_id: { sql: 'r.execution_id', type: 'uuid' },
  status: { sql: 'e.status::text', type: 'text' },
}
