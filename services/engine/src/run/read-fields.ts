import type { ErrorValue, Json } from '@millrace/replay'
import {
  type Database,
  type ExecutionFacts,
  firstStatus,
  type NewExecution,
  readPayloads,
} from '@millrace/store'

/** What code is told that asks for a field that it cannot read; null when it can read all of them. */
export function refuseFields(fields: readonly string[]): ErrorValue | null {
  const unknown = fields.find((field) => !READABLE.includes(field))
  if (unknown === undefined) return null
  return {
    name: 'InvalidInputError',
    message: `an execution has no field "${unknown}" that code reads; there are ${READABLE.join(', ')}`,
    details: { field: unknown },
  }
}

const READABLE: readonly string[] = [
  'id',
  'type',
  'status',
  'name',
  'message',
  'input_value',
  'output_value',
  'flow_id',
  'project_id',
  'workspace_id',
  'parent_execution_id',
  'top_execution_id',
  'is_productive',
  'priority',
  'created_at',
  'created_by',
  'started_at',
  'ended_at',
]

/** The fields of an execution that code reads, each of READABLE. Times are RFC 3339. */
export async function readFields(
  db: Database,
  row: ExecutionFacts,
  fields: readonly string[],
): Promise<Record<string, Json>> {
  const read: Record<string, Json> = {}
  for (const field of fields) read[field] = await readField(db, row, field)
  return read
}

async function readField(db: Database, row: ExecutionFacts, field: string): Promise<Json> {
  switch (field) {
    case 'id':
    case 'type':
    case 'status':
    case 'name':
    case 'message':
    case 'flow_id':
    case 'project_id':
    case 'workspace_id':
    case 'created_by':
    case 'parent_execution_id':
    case 'top_execution_id':
    case 'is_productive':
    case 'priority':
      return row[field]
    case 'created_at':
    case 'started_at':
    case 'ended_at':
      return row[field] === null ? null : new Date(row[field]).toISOString()
    case 'input_value':
      return readJson(db, row, { text: row.input, hash: row.input_hash })
    case 'output_value':
      return readJson(db, row, { text: row.output, hash: row.output_hash })
    default:
      return null
  }
}

/** The same of a child that this very activation creates: nothing of it is in a row yet. */
export function unbornField(child: NewExecution, field: string): Json {
  switch (field) {
    case 'id':
    case 'name':
    case 'type':
      return child[field]
    case 'status':
      return child.paused ? 'PAUSED' : firstStatus(child)
    case 'input_value':
      return JSON.parse(child.input) as Json
    case 'flow_id':
      return child.flowId
    case 'project_id':
      return child.projectId
    case 'workspace_id':
      return child.workspaceId
    case 'parent_execution_id':
      return child.parentId
    case 'top_execution_id':
      return child.topId
    case 'is_productive':
      return child.isProductive
    case 'priority':
      return child.priority
    case 'created_by':
      return child.createdBy
    default:
      return null
  }
}

async function readJson(
  db: Database,
  row: ExecutionFacts,
  { text, hash }: { readonly text: string | null; readonly hash: string | null },
): Promise<Json> {
  if (hash === null) return text === null ? null : (JSON.parse(text) as Json)
  const bodies = await readPayloads(db, [{ workspaceId: row.workspace_id, hash }])
  const body = bodies.get(`${row.workspace_id}/${hash}`)
  return body === undefined ? null : (JSON.parse(body) as Json)
}
