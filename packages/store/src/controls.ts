import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('controls', ['readControls'])

/** A request of one execution to cancel, pause or resume another, waiting to be carried out. */
export interface ControlRequest {
  readonly workspaceId: string
  /** Who asks. */
  readonly executionId: string
  readonly generation: number
  readonly seq: number
  readonly action: string
  readonly targetId: string
}

/** The open requests of these executions, in the order in which they were made. */
export async function readControls(
  db: Queryable,
  keys: readonly ExecutionKey[],
): Promise<ControlRequest[]> {
  if (keys.length === 0) return []
  const unique = new Map(keys.map((key) => [`${key.workspaceId}/${key.executionId}`, key]))
  const param = [...unique.values()].map((key) => ({
    workspace_id: key.workspaceId,
    execution_id: key.executionId,
  }))
  const rows = await db.query<ControlRow>(sql.readControls, [JSON.stringify(param)])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.execution_id,
    generation: row.generation,
    seq: row.seq,
    action: row.action,
    targetId: row.target_id,
  }))
}

interface ControlRow {
  workspace_id: string
  execution_id: string
  generation: number
  seq: number
  action: string
  target_id: string
}
