import type { Database, Queryable } from './database.ts'
import { hideExecution, setExecutionTags } from './execution-aside.ts'
import type { ExecutionRow } from './read-execution.ts'
import { loadStatements } from './statement.ts'

/** What the record of an execution is made of. JSON columns are text; times are ms since 1970. */
export interface ExecutionRecordRow extends Omit<
  ExecutionRow,
  'recoveries' | 'answered' | 'watched' | 'script_hash_hex' | 'input_hash_hex' | 'output_hash_hex'
> {
  /** Hex; null for connections. */
  readonly script_hash: string | null
  /** Hex; set when the value is in the payload table. */
  readonly input_hash: string | null
  readonly output_hash: string | null
  readonly flow_name: string | null
  readonly deleted_at: number | null
  readonly deleted_by: string | null
  readonly is_hidden: boolean
  /** Those that its flow had when it was created; JSON text. */
  readonly input_schema: string | null
  readonly output_schema: string | null
  readonly connector_name: string | null
  readonly project_name: string | null
  readonly wrapper_name: string | null
  /** JSON array of open waits, oldest first; null when there are none. */
  readonly waits: string | null
}

/** An open wait as the record's row carries it. Times are as Postgres writes them in JSON. */
export interface RecordWait {
  readonly seq: number
  readonly kind: string
  readonly ref: string | null
  readonly subject: string | null
  readonly due_at: string | null
  readonly since: string
}

/** What has changed between an execution's creation and its end. */
export type EndedRow = Pick<
  ExecutionRecordRow,
  | 'id'
  | 'status'
  | 'version'
  | 'epoch'
  | 'generation'
  | 'process_id'
  | 'lineno'
  | 'last_command'
  | 'name'
  | 'message'
  | 'output'
  | 'output_hash'
  | 'created_at'
  | 'started_at'
  | 'moved_at'
  | 'ended_at'
>

export async function readExecutionRecord(
  db: Queryable,
  key: { workspaceId: string; id: string },
): Promise<ExecutionRecordRow | null> {
  const rows = await db.query<ExecutionRecordRow>(readOne, [key.workspaceId, key.id])
  return rows[0] ?? null
}

export function readExecutionRecords(
  db: Queryable,
  key: { workspaceId: string; ids: readonly string[] },
): Promise<ExecutionRecordRow[]> {
  return db.query(readMany, [key.workspaceId, key.ids])
}

/** Those of `keys` that have ended, of any workspace, in any order. */
export function readEnded(
  db: Queryable,
  keys: readonly { workspaceId: string; executionId: string }[],
): Promise<EndedRow[]> {
  return db.query(statements.readEnded, [
    keys.map((key) => key.workspaceId),
    keys.map((key) => key.executionId),
  ])
}

/** A value by reference or in place; null when there is no such execution. */
export async function readExecutionValue(
  db: Queryable,
  key: { workspaceId: string; id: string; which: 'input' | 'output' },
): Promise<{ value: string | null; hash: string | null } | null> {
  const params = [key.workspaceId, key.id, key.which]
  const rows = await db.query<{ value: string | null; hash: string | null }>(
    statements.readValue,
    params,
  )
  return rows[0] ?? null
}

/** JSON text of a large value. */
export async function readPayloadText(
  db: Queryable,
  key: { workspaceId: string; hash: string },
): Promise<string | null> {
  const rows = await db.query<{ body: string }>(statements.readPayload, [key.workspaceId, key.hash])
  return rows[0]?.body ?? null
}

/** Its length in bytes. */
export async function readPayloadSize(
  db: Queryable,
  key: { workspaceId: string; hash: string },
): Promise<number | null> {
  const params = [key.workspaceId, key.hash]
  const rows = await db.query<{ size: number }>(statements.readPayloadSize, params)
  return rows[0]?.size ?? null
}

/** Source texts by hash (hex). */
export async function readScriptSources(
  db: Queryable,
  key: { workspaceId: string; hashes: readonly string[] },
): Promise<Map<string, string>> {
  const params = [key.workspaceId, key.hashes]
  const rows = await db.query<{ hash: string; source: string }>(statements.readScripts, params)
  return new Map(rows.map((row) => [row.hash, row.source]))
}

/**
 * Changes what a person may change of an execution, with what it is found by. `extra` is given the
 * present text and the time (ms since 1970), and returns the new text. False when there is none.
 */
export function patchExecution(
  db: Database,
  key: { workspaceId: string; id: string },
  change: {
    name?: string | null
    extra?: (before: string | null, at: number) => string | null
    tags?: readonly string[]
    isHidden?: boolean
  },
): Promise<boolean> {
  const { workspaceId, id } = key
  return db.transaction(async (tx) => {
    const rows = await tx.query<{ extra: string | null; at: number }>(statements.lockExtra, [
      workspaceId,
      id,
    ])
    const before = rows[0]
    if (before === undefined) return false
    await tx.query(statements.patchExecution, [
      workspaceId,
      id,
      change.name ?? null,
      change.extra === undefined ? null : change.extra(before.extra, before.at),
      change.extra !== undefined,
      change.name !== undefined,
    ])
    if (change.tags !== undefined)
      await setExecutionTags(tx, { workspaceId, id, tags: change.tags })
    if (change.isHidden !== undefined)
      await hideExecution(tx, { workspaceId, id, isHidden: change.isHidden })
    return true
  })
}

const statements = loadStatements('execution-records', [
  'select',
  'count',
  'readEnded',
  'readValue',
  'readPayload',
  'readPayloadSize',
  'readScripts',
  'patchExecution',
  'lockExtra',
])

/** What lists append their conditions to. */
export const executionRecordSelect = statements.select.text
export const executionRecordCount = statements.count.text

const readOne = {
  name: 'execution-records.readOne',
  text: `${executionRecordSelect} AND e.id = $2`,
}
const readMany = {
  name: 'execution-records.readMany',
  text: `${executionRecordSelect} AND e.id = ANY ($2::uuid[])`,
}
