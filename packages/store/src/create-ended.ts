import type { ActivationCommit } from './commit-activations.ts'
import type { Queryable } from './database.ts'
import { sql } from './executions-sql.ts'
import type { NewExecution } from './new-execution.ts'
import { type Payload, payloadOf, putPayloads } from './payloads.ts'
import { pgTextOrNull } from './pg-text.ts'
import { recordset } from './recordset.ts'
import { toServiceError } from './sql-error.ts'

/** An execution that was run before it was stored: what it is, and what its only activation left. */
export interface EndedAtBirth {
  readonly execution: Pick<
    NewExecution,
    | 'workspaceId'
    | 'id'
    | 'name'
    | 'flowId'
    | 'scriptHash'
    | 'projectId'
    | 'isProductive'
    | 'priority'
    | 'createdBy'
    | 'traceparent'
    | 'input'
    | 'extra'
  > & { readonly type: 'FLOW' | 'SCRIPT' }
  /** Of the kind that `isShort` is true of. */
  readonly commit: ActivationCommit
  /** ms since its starter's request came. */
  readonly elapsedMs: number
}

/** When it was born, began and ended (ms since 1970), and where its output is if not in the row. */
export interface BirthAndEnd {
  readonly createdAt: number
  readonly startedAt: number
  readonly endedAt: number
  readonly outputHash: string | null
}

/**
 * Stores executions that have ended already, all in one statement, each with its history and log.
 * Null for those whose id exists: they were started in another way meanwhile, and this run of them
 * never happened.
 *
 * A crash before it leaves nothing, as if nobody had asked; after it, an ended execution whose
 * starter finds it by its id.
 */
export async function createEnded(
  db: Queryable,
  items: readonly EndedAtBirth[],
): Promise<(BirthAndEnd | null)[]> {
  try {
    return await insert(db, items)
  } catch (error) {
    if (toServiceError(error, sql.createEnded.name).code !== 'conflict') throw error
    if (items.length === 1) return [null]
    // One of them was there before; the statement is all or nothing, so each goes by itself.
    const results: (BirthAndEnd | null)[] = []
    for (const item of items) results.push(...(await createEnded(db, [item])))
    return results
  }
}

async function insert(db: Queryable, items: readonly EndedAtBirth[]): Promise<BirthAndEnd[]> {
  const payloads = items.map(({ commit: { workspaceId, output } }) =>
    output === undefined ? null : payloadOf(workspaceId, output),
  )
  await putPayloads(
    db,
    payloads.flatMap((payload) => payload ?? []),
  )
  const columns = items.map((item, at) => columnsOf(item, payloads[at]?.hash ?? null))
  const [only, second] = items
  if (only !== undefined && second === undefined && isBare(only)) {
    const output = payloads[0] === null ? (only.commit.output ?? null) : null
    const values = BARE.map((name) => columns[0]?.[name] ?? null)
    const rows = await db.query<Born>(sql.createOneEnded, [
      ...values,
      only.execution.input,
      output,
      only.execution.extra,
    ])
    return toResults(items, payloads, rows)
  }
  const born = await db.query<Born>(sql.createEnded, [
    recordset(columns),
    items.map(({ execution }) => execution.input),
    items.map(({ commit }, at) => (payloads[at] === null ? (commit.output ?? null) : null)),
    items.map(({ commit }) => commit.history?.entries ?? null),
    items.map(({ commit }) => commit.log?.lines ?? null),
    items.map(({ execution }) => execution.extra),
  ])
  return toResults(items, payloads, born)
}

/** It leaves neither history nor log. */
const isBare = ({ commit }: EndedAtBirth): boolean =>
  (commit.history ?? null) === null && (commit.log ?? null) === null

/** The columns that are the first parameters of createOneEnded. */
const BARE = [
  'workspace_id',
  'id',
  'type',
  'status',
  'flow_id',
  'script_hash',
  'project_id',
  'is_productive',
  'priority',
  'created_by',
  'traceparent',
  'process_id',
  'started_at',
  'elapsed_ms',
  'lineno',
  'last_command',
  'name',
  'born_name',
  'message',
  'output_hash',
] as const

function toResults(
  items: readonly EndedAtBirth[],
  payloads: readonly (Payload | null)[],
  born: readonly Born[],
): BirthAndEnd[] {
  const byId = new Map(born.map((row) => [row.id, row]))
  return items.map(({ execution }, at) => {
    const row = byId.get(execution.id)
    if (row === undefined) throw new Error(`${execution.id} was not stored`)
    return {
      createdAt: row.created_at,
      startedAt: row.started_at,
      endedAt: row.ended_at,
      outputHash: payloads[at]?.hash ?? null,
    }
  })
}

interface Born {
  id: string
  created_at: number
  started_at: number
  ended_at: number
}

function columnsOf(
  { execution, commit, elapsedMs }: EndedAtBirth,
  outputHash: string | null,
): Record<string, unknown> {
  return {
    workspace_id: execution.workspaceId,
    id: execution.id,
    type: execution.type,
    status: commit.status,
    flow_id: execution.flowId,
    script_hash: execution.scriptHash,
    project_id: execution.projectId,
    is_productive: execution.isProductive,
    priority: execution.priority,
    created_by: execution.createdBy,
    traceparent: execution.traceparent,
    process_id: commit.processId,
    started_at: commit.startedAt,
    elapsed_ms: elapsedMs,
    lineno: commit.line,
    last_command: pgTextOrNull(commit.lastCommand),
    name: pgTextOrNull(commit.name ?? execution.name),
    born_name: commit.name === null ? null : JSON.stringify(pgTextOrNull(execution.name)),
    message: pgTextOrNull(commit.message ?? null),
    output_hash: outputHash,
    first_seq: commit.history?.firstSeq ?? null,
    last_seq: commit.history?.lastSeq ?? null,
    log_seq: commit.log?.firstSeq ?? null,
  }
}
