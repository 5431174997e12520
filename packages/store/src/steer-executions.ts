import type { Status } from '@millrace/execution'
import type { Database, Queryable } from './database.ts'
import { pgTextOrNull } from './pg-text.ts'
import type { ExecutionKey } from './read-execution.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('steer', ['lockExecutions', 'steerExecutions', 'readStatuses'])

export type SteerAction = 'cancel' | 'pause' | 'resume'

/** What became of one that exists. */
export interface SteeredExecution extends ExecutionKey {
  readonly type: string
  readonly priority: number
  readonly was: Status
  /** Who held it or kept it warm. */
  readonly processId: string | null
  readonly parentId: string | null
  /** Null: its status does not allow it, or it was so already. */
  readonly moved: { readonly version: number; readonly status: Status } | null
  /** The lock that it has just asked for its place in its flow: its manager is to be told. */
  readonly gate: string | null
}

/**
 * Cancels, pauses or resumes many in one transaction, each as `decide` has it. What does not exist is
 * left out. After the commit the caller tells who holds them; a crash before that leaves what leases and
 * sweeps find.
 */
export async function steerExecutions(
  db: Database,
  input: {
    readonly action: SteerAction
    readonly executions: readonly ExecutionKey[]
    /** Of those that are cancelled. */
    readonly message: string | null
  },
): Promise<SteeredExecution[]> {
  const { action, executions, message } = input
  if (executions.length === 0) return []
  const keys = keysParam(executions)
  const rows = await db.transaction(async (tx) => {
    // A stop of a debugger that is on its way is a pause with a wait, and one snapshot may see the first
    // without the second.
    await tx.query(sql.lockExecutions, [keys])
    return tx.query<SteeredRow>(sql.steerExecutions, [keys, action, pgTextOrNull(message)])
  })
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    type: row.type,
    priority: row.priority,
    was: row.was,
    processId: row.process_id,
    parentId: row.parent_execution_id,
    moved:
      row.version === null || row.status === null
        ? null
        : { version: row.version, status: row.status },
    gate: row.gate,
  }))
}

/** How an execution stands before somebody steers it. */
export interface Standing {
  readonly status: Status
  /** Its debugger has stopped it: a resume does not let it go on. */
  readonly isStopped: boolean
}

/** By id; those that exist. */
export async function readStatuses(
  db: Queryable,
  executions: readonly ExecutionKey[],
): Promise<Map<string, Standing>> {
  if (executions.length === 0) return new Map()
  const rows = await db.query<{ id: string; status: Status; is_stopped: boolean }>(
    sql.readStatuses,
    [keysParam(executions)],
  )
  return new Map(rows.map((row) => [row.id, { status: row.status, isStopped: row.is_stopped }]))
}

const keysParam = (keys: readonly ExecutionKey[]): string =>
  JSON.stringify(
    keys.map(({ workspaceId, executionId }) => ({ workspace_id: workspaceId, id: executionId })),
  )

interface SteeredRow {
  workspace_id: string
  id: string
  type: string
  priority: number
  was: Status
  process_id: string | null
  parent_execution_id: string | null
  version: number | null
  status: Status | null
  gate: string | null
}
