import type { Execution, Parked, State, Status, WaitKind } from '@millrace/execution'
import { isEnded } from '@millrace/execution'
import type { Queryable } from './database.ts'
import { sql } from './executions-sql.ts'

/** One execution as it stands in its row. JSON columns are text; times are ms since 1970. */
export interface ExecutionRow {
  readonly workspace_id: string
  readonly id: string
  readonly type: 'FLOW' | 'SCRIPT' | 'CONNECTION' | 'SCHEDULE' | 'WRAPPER'
  readonly status: Status
  readonly beneath: Parked | 'WAITING_ENGINE' | null
  readonly version: number
  readonly epoch: number
  readonly generation: number
  readonly recoveries: number
  readonly answered: number
  readonly process_id: string | null
  readonly watched: boolean
  readonly orphan: boolean
  readonly is_productive: boolean
  readonly priority: number
  readonly lineno: number | null
  readonly last_command: string | null
  readonly flow_id: string | null
  readonly connector_id: string | null
  readonly connector_type: string | null
  readonly script_hash_hex: string | null
  readonly project_id: string | null
  readonly parent_execution_id: string | null
  readonly top_execution_id: string
  readonly created_by: string | null
  readonly name: string | null
  readonly message: string | null
  readonly input: string | null
  readonly input_hash_hex: string | null
  readonly output: string | null
  readonly output_hash_hex: string | null
  readonly created_at: number
  readonly started_at: number | null
  readonly moved_at: number
  readonly scheduled_for: number | null
  readonly ended_at: number | null
  readonly traceparent: string | null
  readonly extra: string | null
}

export interface WaitRow {
  readonly seq: number
  readonly kind: WaitKind
  readonly generation: number
  readonly return_when: string | null
  readonly needed: number | null
  readonly ref: string | null
  readonly subject: string | null
  readonly due_at: number | null
  readonly since: number
}

export interface ExecutionKey {
  readonly workspaceId: string
  readonly executionId: string
}

/** Null: no such execution in this workspace. */
export async function readExecution(
  db: Queryable,
  key: ExecutionKey,
): Promise<ExecutionRow | null> {
  const rows = await db.query<ExecutionRow>(sql.readExecution, [key.workspaceId, key.executionId])
  return rows[0] ?? null
}

/** Its open waits, oldest first. */
export function readWaits(db: Queryable, key: ExecutionKey): Promise<WaitRow[]> {
  return db.query<WaitRow>(sql.readWaits, [key.workspaceId, key.executionId])
}

/** The pure value that `decide` works on. */
export function toExecution(
  row: ExecutionRow,
  waits: readonly Pick<WaitRow, 'seq' | 'kind'>[],
): Execution {
  return {
    version: row.version,
    epoch: row.epoch,
    generation: row.generation,
    recoveries: row.recoveries,
    answered: row.answered,
    waits: waits.map(({ seq, kind }) => ({ seq, kind })),
    state: stateOf(row),
  }
}

function stateOf(row: ExecutionRow): State {
  const { status } = row
  if (status === 'PAUSED') return { status, beneath: row.beneath ?? 'WAITING_ENGINE' }
  if (status === 'AT_ENGINE') return { status, processId: row.process_id ?? '' }
  if (isEnded(status)) return { status }
  return { status }
}
