import type { Status } from '@millrace/execution'
import { scriptHash, type Script } from './scripts.ts'
import type { Queryable } from './database.ts'
import { isPgText } from './pg-text.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('resolve', [
  'resolveFlows',
  'resolveConnectors',
  'resolveSettings',
  'ensureSetting',
  'putScripts',
  'readFacts',
  'releaseClaimed',
])

/** A record named by its name or id, as code in a flow names it. */
export interface RecordRef {
  readonly workspaceId: string
  readonly ref: string
}

export interface ResolvedFlow {
  readonly id: string
  readonly name: string
  readonly project_id: string | null
  readonly script_hash: string
  /** JSON texts. */
  readonly input_schema: string | null
  readonly output_schema: string | null
  readonly max_runtime_seconds: number | null
  /** Its limits, JSON text each. */
  readonly concurrency: string | null
  readonly rate_limit: string | null
  /** Whether it has static wrappers. */
  readonly is_wrapped: boolean
}

export interface ResolvedConnector {
  readonly id: string
  readonly name: string
  readonly project_id: string | null
  readonly connector_type: string
  /** Whether it has static wrappers. */
  readonly is_wrapped: boolean
}

export interface ResolvedSetting {
  readonly id: string
  readonly name: string
  /** JSON text; null is JSON's null. */
  readonly value: string | null
}

/** In the order of `refs`; null for what does not exist in its workspace. */
export const resolveFlows = (
  db: Queryable,
  refs: readonly RecordRef[],
): Promise<(ResolvedFlow | null)[]> => resolve(db, 'resolveFlows', refs)

export const resolveConnectors = (
  db: Queryable,
  refs: readonly RecordRef[],
): Promise<(ResolvedConnector | null)[]> => resolve(db, 'resolveConnectors', refs)

export const resolveSettings = (
  db: Queryable,
  refs: readonly RecordRef[],
): Promise<(ResolvedSetting | null)[]> => resolve(db, 'resolveSettings', refs)

/**
 * The id of a setting by its name; creates it empty when it is not there. Two that create it at the
 * same time get the same id.
 */
export async function ensureSetting(
  db: Queryable,
  {
    workspaceId,
    name,
    id,
  }: { readonly workspaceId: string; readonly name: string; readonly id: string },
): Promise<string> {
  const rows = await db.query<{ id: string }>(sql.ensureSetting, [workspaceId, id, name])
  return rows[0]?.id ?? id
}

/** Keeps scripts that children pin. Before the commit that refers to them; twice keeps them once. */
export async function putScripts(
  db: Queryable,
  scripts: readonly (Script & { readonly workspaceId: string })[],
): Promise<void> {
  if (scripts.length === 0) return
  const rows = scripts.map(({ workspaceId, language, source }) => ({
    workspace_id: workspaceId,
    hash: scriptHash({ language, source }),
    language,
    source,
  }))
  await db.query(sql.putScripts, [JSON.stringify(rows)])
}

/** What code may read of an execution of its workspace. JSON columns are text. */
export interface ExecutionFacts {
  readonly workspace_id: string
  readonly id: string
  readonly type: string
  readonly status: Status
  readonly name: string | null
  readonly message: string | null
  readonly input: string | null
  readonly input_hash: string | null
  readonly output: string | null
  readonly output_hash: string | null
  readonly parent_execution_id: string | null
  readonly top_execution_id: string
  readonly created_at: number
  readonly started_at: number | null
  readonly ended_at: number | null
  readonly flow_id: string | null
  readonly is_productive: boolean
  readonly priority: number
  readonly project_id: string | null
  readonly created_by: string | null
  /** Whose iteration it is; null for all others. */
  readonly schedule_id: string | null
  /** Whether wrappers always stand around the runs of that schedule. */
  readonly is_schedule_wrapped: boolean
}

/** Those that exist, in no order. */
export function readFacts(
  db: Queryable,
  keys: readonly { readonly workspaceId: string; readonly executionId: string }[],
): Promise<ExecutionFacts[]> {
  return db.query<ExecutionFacts>(sql.readFacts, [
    JSON.stringify(
      keys.map(({ workspaceId, executionId }) => ({ workspace_id: workspaceId, id: executionId })),
    ),
  ])
}

/**
 * Gives back to the queue what is AT_ENGINE under a process, but for those that it still works on:
 * what it cannot finish before it stops, and what it lost track of because Postgres was away in the
 * middle of a claim. A crash after it leaves ready executions that the sweep finds.
 */
export async function releaseClaimed(
  db: Queryable,
  { processId, keep }: { readonly processId: string; readonly keep: readonly string[] },
): Promise<{ workspaceId: string; executionId: string; version: number }[]> {
  const rows = await db.query<{ workspace_id: string; id: string; version: number }>(
    sql.releaseClaimed,
    [processId, [...keep]],
  )
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    version: row.version,
  }))
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

async function resolve<Row>(
  db: Queryable,
  statement: 'resolveFlows' | 'resolveConnectors' | 'resolveSettings',
  refs: readonly RecordRef[],
): Promise<(Row | null)[]> {
  const rows = await db.query<Row & { place: number }>(sql[statement], [
    JSON.stringify(toRefRows(refs)),
  ])
  const found: (Row | null)[] = refs.map(() => null)
  for (const row of rows) found[row.place] = row
  return found
}

/**
 * As the statements that resolve names take them: what looks like an id is one, and what no column can
 * hold is nobody's name.
 */
export const toRefRows = (refs: readonly RecordRef[]): object[] =>
  refs.flatMap(({ workspaceId, ref }, place) => {
    if (!isPgText(ref)) return []
    const named = UUID.test(ref) ? { id: ref } : { name: ref.trim() }
    return [{ place, workspace_id: workspaceId, ...named }]
  })
