import type { Json } from '@millrace/replay'
import { type Database, type ExecutionFacts, readPayloads } from '@millrace/store'

/** The fields of an execution that code may read; an unknown one is null. Times are RFC 3339. */
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
    case 'parent_execution_id':
    case 'top_execution_id':
    case 'is_productive':
    case 'priority':
      return row[field]
    case 'created_at':
    case 'started_at':
    case 'ended_at':
      return row[field] === null ? null : new Date(row[field]).toISOString()
    case 'input':
    case 'input_value':
      return readJson(db, row, { text: row.input, hash: row.input_hash })
    case 'output':
    case 'output_value':
      return readJson(db, row, { text: row.output, hash: row.output_hash })
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
