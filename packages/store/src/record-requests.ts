import type { RecordRequest } from '@millrace/replay'
import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('record-requests', [
  'readRecordRequests',
  'lockExecution',
  'isStillAsked',
])

/** What one execution has asked of the records and is not answered yet. */
export interface AskedOfRecords {
  readonly workspaceId: string
  /** Who asks. */
  readonly executionId: string
  readonly generation: number
  readonly seq: number
  readonly request: RecordRequest
  /** In whose name: the identity of the execution. */
  readonly createdBy: string | null
}

/** The open requests of these executions, in the order in which they were made. */
export async function readRecordRequests(
  db: Queryable,
  keys: readonly ExecutionKey[],
): Promise<AskedOfRecords[]> {
  if (keys.length === 0) return []
  const unique = new Map(keys.map((key) => [`${key.workspaceId}/${key.executionId}`, key]))
  const param = [...unique.values()].map((key) => ({
    workspace_id: key.workspaceId,
    execution_id: key.executionId,
  }))
  const rows = await db.query<AskedRow>(sql.readRecordRequests, [JSON.stringify(param)])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.execution_id,
    generation: row.generation,
    seq: row.seq,
    // Below the line for people.
    request: JSON.parse(row.subject.slice(row.subject.indexOf('\n') + 1)) as RecordRequest,
    createdBy: row.created_by,
  }))
}

/**
 * Holds the asking execution until the transaction ends: nobody answers, cancels or reverts it
 * meanwhile. False when the request is open no more: it was carried out, or nobody wants it now.
 */
export async function lockAsked(
  tx: Queryable,
  asked: Pick<AskedOfRecords, 'workspaceId' | 'executionId' | 'generation' | 'seq'>,
): Promise<boolean> {
  const { workspaceId, executionId, generation, seq } = asked
  await tx.query(sql.lockExecution, [workspaceId, executionId])
  // Asked after the lock: a statement does not see what was committed while it waited.
  const open = await tx.query(sql.isStillAsked, [workspaceId, executionId, generation, seq])
  return open.length > 0
}

interface AskedRow {
  workspace_id: string
  execution_id: string
  generation: number
  seq: number
  subject: string
  created_by: string | null
}
