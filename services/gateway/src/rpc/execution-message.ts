import type { ExecutionType, Status } from '@millrace/execution'
import { encodeExecutionType, encodeStatus, type pb } from '@millrace/wire'

/** The record (JSON text) as a message: its main fields, and all of it as a struct. */
export function toExecutionMessage(json: string): pb.Execution {
  const record = JSON.parse(json) as ExecutionRecord
  return {
    id: record.id,
    workspaceId: record.workspace_id,
    type: encodeExecutionType(record.type),
    status: encodeStatus(record.status),
    version: record.version,
    name: record.name ?? undefined,
    parentId: record.parent_execution_id ?? undefined,
    createdAt: new Date(record.created_at),
    endedAt: toDate(record.ended_at),
    properties: { ...record },
  }
}

export const toDate = (time: string | null | undefined): Date | undefined =>
  time === null || time === undefined ? undefined : new Date(time)

interface ExecutionRecord {
  readonly id: string
  readonly workspace_id: string
  readonly type: ExecutionType
  readonly status: Status
  readonly version: number
  readonly name: string | null
  readonly parent_execution_id: string | null
  readonly created_at: string
  readonly ended_at: string | null
}
