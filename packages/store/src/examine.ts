import type { StandingExecution, StandingWait, WaitKind } from '@millrace/execution'
import { dependencyNeed, type ReturnWhen } from '@millrace/lock'
import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('doctor', ['examineExecutions', 'examineWaits'])

/** A live execution, with who holds it. */
export interface ExaminedExecution extends Omit<StandingExecution, 'isKnownThere'> {
  readonly version: number
  readonly epoch: number
  readonly processId: string | null
}

/**
 * What lives in a workspace, page by page, each page one snapshot. `graceMs`: what others did less than
 * that ago does not count yet. Reads everything: for a person who asks, not for a loop.
 */
export async function* examineExecutions(
  db: Queryable,
  input: { readonly workspaceId: string; readonly graceMs: number },
): AsyncGenerator<ExaminedExecution[]> {
  for (let after: string | null = ZERO; after !== null;) {
    const rows: ExaminedRow[] = await db.query<ExaminedRow>(sql.examineExecutions, [
      input.workspaceId,
      after,
      PAGE,
      input.graceMs,
    ])
    yield rows.map((row) => ({
      executionId: row.id,
      type: row.type,
      status: row.status,
      beneath: row.beneath,
      version: row.version,
      epoch: row.epoch,
      maxRuntime: row.max_runtime,
      processId: row.process_id,
      ageMs: row.age_ms,
      isHeld: row.is_held,
      oldestWait: row.oldest_wait,
      overrunMs: row.overrun_ms,
      isWatched: row.is_watched,
      isAbandoned: row.is_abandoned,
    }))
    after = rows.length < PAGE ? null : (rows.at(-1)?.id ?? null)
  }
}

/** The open waits of a workspace, likewise. */
export async function* examineWaits(
  db: Queryable,
  input: { readonly workspaceId: string; readonly graceMs: number },
): AsyncGenerator<StandingWait[]> {
  for (let after: { id: string; seq: number } | null = { id: ZERO, seq: -1 }; after !== null;) {
    const rows: WaitRow[] = await db.query<WaitRow>(sql.examineWaits, [
      input.workspaceId,
      after.id,
      after.seq,
      PAGE,
      input.graceMs,
    ])
    yield rows.map(toWait)
    const last: WaitRow | undefined = rows.at(-1)
    after =
      rows.length < PAGE || last === undefined ? null : { id: last.execution_id, seq: last.seq }
  }
}

function toWait(row: WaitRow): StandingWait {
  const members = row.members ?? 0
  const need = dependencyNeed({
    returnWhen: row.return_when ?? 'ALL_SUCCEEDED',
    needed: row.needed,
    members,
    succeeded: row.succeeded ?? 0,
    failed: row.failed ?? 0,
  })
  return {
    executionId: row.execution_id,
    seq: row.seq,
    kind: row.kind,
    subject: row.subject,
    ageMs: row.age_ms,
    overdueMs: row.overdue_ms,
    isPaused: row.is_paused,
    isStale: row.is_stale,
    isDecided: row.kind === 'DEPENDENCY' && need === 0,
    isSettled: row.is_settled,
    request: row.request,
    isPassedOver: row.is_passed_over === true,
  }
}

const ZERO = '00000000-0000-0000-0000-000000000000'
const PAGE = 2_000

interface ExaminedRow {
  id: string
  type: StandingExecution['type']
  status: StandingExecution['status']
  beneath: StandingExecution['beneath']
  version: number
  epoch: number
  max_runtime: number | null
  process_id: string | null
  age_ms: number
  is_held: boolean
  oldest_wait: StandingExecution['oldestWait']
  overrun_ms: number | null
  is_watched: boolean
  is_abandoned: boolean
}

interface WaitRow {
  execution_id: string
  seq: number
  kind: WaitKind
  subject: string | null
  return_when: ReturnWhen | null
  needed: number | null
  age_ms: number
  overdue_ms: number | null
  is_paused: boolean
  is_stale: boolean
  members: number | null
  succeeded: number | null
  failed: number | null
  is_settled: boolean
  request: StandingWait['request']
  is_passed_over: boolean | null
}
