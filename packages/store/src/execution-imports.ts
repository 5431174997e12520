import type { ExecutionType, Status } from '@millrace/execution'
import type { Database } from './database.ts'
import { type Payload, payloadOf, putPayloads } from './payloads.ts'
import { pgTextOrNull } from './pg-text.ts'
import { recordset } from './recordset.ts'
import { putScripts } from './resolve.ts'
import { scriptHash } from './scripts.ts'
import { loadStatements } from './statement.ts'

/** An ended execution of somewhere else. Times are RFC 3339, values JSON texts. */
export interface ImportedRow {
  readonly workspaceId: string
  readonly id: string
  readonly type: ExecutionType
  readonly status: Status
  readonly name: string | null
  readonly message: string | null
  readonly flowId: string | null
  readonly connectorId: string | null
  readonly connectorType: string | null
  /** The source that it ran; null where it is not known, and for connections. */
  readonly script: string | null
  readonly projectId: string | null
  readonly parentId: string | null
  readonly topId: string
  readonly isProductive: boolean
  readonly createdBy: string
  readonly input: string
  readonly output: string
  readonly startedAt: string | null
  readonly scheduledFor: string | null
  readonly endedAt: string
  readonly extra: string | null
  /** Schemas that `extra` names by their hashes. */
  readonly schemas: readonly Payload[]
}

/** Stores ended executions, all or none. Those whose id exists stay as they are. */
export function importExecutions(db: Database, items: readonly ImportedRow[]): Promise<void> {
  return db.transaction(async (tx) => {
    for (let from = 0; from < items.length; from += AT_ONCE) {
      const rows = items.slice(from, from + AT_ONCE).map(toRow)
      await putScripts(
        tx,
        rows.flatMap(({ item }) =>
          item.script === null ? [] : [{ workspaceId: item.workspaceId, ...asScript(item.script) }],
        ),
      )
      const payloads = rows.flatMap(({ item, input, output }) => [
        ...item.schemas,
        ...(input === null ? [] : [input]),
        ...(output === null ? [] : [output]),
      ])
      await putPayloads(tx, payloads)
      await tx.query(statements.importExecutions, [
        recordset(rows.map(({ columns }) => columns)),
        rows.map(({ item, input }) => (input === null ? item.input : null)),
        rows.map(({ item, output }) => (output === null ? item.output : null)),
        rows.map(({ item }) => item.extra),
      ])
    }
  })
}

/** So many in a statement: values may be large. */
const AT_ONCE = 200

function toRow(item: ImportedRow) {
  const input = payloadOf(item.workspaceId, item.input)
  const output = payloadOf(item.workspaceId, item.output)
  return {
    item,
    input,
    output,
    columns: {
      workspace_id: item.workspaceId,
      id: item.id,
      type: item.type,
      status: item.status,
      flow_id: item.flowId,
      connector_id: item.connectorId,
      connector_type: item.connectorType,
      script_hash: item.script === null ? null : scriptHash(asScript(item.script)),
      project_id: item.projectId,
      parent_id: item.parentId,
      top_id: item.topId,
      is_productive: item.isProductive,
      created_by: item.createdBy,
      name: pgTextOrNull(item.name),
      message: pgTextOrNull(item.message),
      input_hash: input?.hash ?? null,
      output_hash: output?.hash ?? null,
      started_at: item.startedAt,
      scheduled_for: item.scheduledFor,
      ended_at: item.endedAt,
    },
  }
}

/** No property of the record says another language. */
const asScript = (source: string) => ({ language: 'typescript', source }) as const

const statements = loadStatements('execution-imports', ['importExecutions'])
