import type { Status } from '@millrace/execution'
import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { ZERO_ID } from './row-order.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('cascades', ['readChildren', 'cancelExecutions'])

export interface ChildExecution extends ExecutionKey {
  /** To be cancelled with its parent. */
  readonly isLive: boolean
}

/**
 * Children that are no orphans, by rising id, ended ones included. `parentIs`: none when the parent is
 * that no more; `ended` where a cancel comes through it from above, `overrun` as long as its end is
 * the one at its maximum runtime.
 */
export async function readChildren(
  db: Queryable,
  input: {
    readonly parent: ExecutionKey
    readonly parentIs: 'cancelled' | 'ended' | 'overrun' | 'any'
    readonly after: string | null
    readonly limit: number
  },
): Promise<ChildExecution[]> {
  const { parent, parentIs, after, limit } = input
  const rows = await db.query<{ workspace_id: string; id: string; is_live: boolean }>(
    sql.readChildren,
    [parent.workspaceId, parent.executionId, after ?? ZERO_ID, limit, parentIs],
  )
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    isLive: row.is_live,
  }))
}

export interface CancelledExecution extends ExecutionKey {
  readonly version: number
  readonly type: string
  readonly parentId: string | null
  /** Who held it or kept it warm. */
  readonly processId: string | null
  readonly was: Status
}

/** Ends what has not ended as ENDED_CANCELLED and drops its waits; the others are passed over. */
export async function cancelExecutions(
  db: Queryable,
  input: { readonly executions: readonly ExecutionKey[]; readonly message: string },
): Promise<CancelledExecution[]> {
  if (input.executions.length === 0) return []
  const param = input.executions.map((key) => ({
    workspace_id: key.workspaceId,
    id: key.executionId,
  }))
  const rows = await db.query<CancelledRow>(sql.cancelExecutions, [
    JSON.stringify(param),
    input.message,
  ])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    version: row.version,
    type: row.type,
    parentId: row.parent_execution_id,
    processId: row.process_id,
    was: row.was,
  }))
}

interface CancelledRow {
  workspace_id: string
  id: string
  version: number
  type: string
  parent_execution_id: string | null
  process_id: string | null
  was: Status
}
