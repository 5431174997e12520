import type { Status } from '@millrace/execution'
import { type Answer, type HistoryEntry, type Outcome, PAST_MAX_BYTES } from '@millrace/replay'
import type { Queryable } from './database.ts'
import { sql } from './executions-sql.ts'

/** What an engine needs to run an execution from its beginning, or to go on after an answer. */
export interface LoadedExecution {
  readonly workspaceId: string
  readonly executionId: string
  readonly type: string
  readonly status: Status
  readonly version: number
  readonly generation: number
  readonly answered: number
  /** The one it was born with, which its code sees, whatever it is called now. */
  readonly name: string | null
  readonly parentId: string | null
  readonly topId: string
  readonly isProductive: boolean
  readonly priority: number
  readonly projectId: string | null
  readonly createdBy: string | null
  readonly traceparent: string | null
  readonly scriptHash: string | null
  /** JSON text; null when `inputHash` names a payload. */
  readonly input: string | null
  readonly inputHash: string | null
  readonly startedAt: number | null
  /** JSON text of rarely set properties; null when there are none. */
  readonly extra: string | null
  readonly history: readonly HistoryEntry[]
  readonly answers: readonly Answer[]
  /** Of both as they are stored; what they refer to comes on top. */
  readonly bytes: number
  /** False: they have more bytes than was asked for, and both are empty. */
  readonly isWhole: boolean
}

/**
 * Those of `keys` that exist. `after`: only the answers behind this position and no history. A row brings
 * `maxBytes` of history and answers at most, and never more of them than anybody can replay.
 */
export async function loadForActivation(
  db: Queryable,
  keys: readonly {
    readonly workspaceId: string
    readonly executionId: string
    readonly after?: number
  }[],
  maxBytes: number = PAST_MAX_BYTES,
): Promise<LoadedExecution[]> {
  if (keys.length === 0) return []
  const ids = keys.map((key) => key.executionId).toSorted()
  const rows = await db.query<LoadedRow>(sql.loadForActivation, [
    JSON.stringify(
      keys.map((key) => ({
        workspace_id: key.workspaceId,
        id: key.executionId,
        after: key.after ?? null,
      })),
    ),
    ids[0],
    ids.at(-1),
    maxBytes,
  ])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    type: row.type,
    status: row.status,
    version: row.version,
    generation: row.generation,
    answered: row.answered,
    name: row.name,
    parentId: row.parent_execution_id,
    topId: row.top_execution_id,
    isProductive: row.is_productive,
    priority: row.priority,
    projectId: row.project_id,
    createdBy: row.created_by,
    traceparent: row.traceparent,
    scriptHash: row.script_hash,
    input: row.input_hash === null ? (row.input ?? 'null') : null,
    inputHash: row.input_hash,
    startedAt: row.started_at,
    extra: row.extra,
    history:
      row.history === null
        ? []
        : row.history.split('\n').flatMap((part) => JSON.parse(part) as HistoryEntry[]),
    answers: row.answers === null ? [] : (JSON.parse(row.answers) as AnswerTuple[]).map(toAnswer),
    bytes: row.bytes,
    isWhole: row.bytes <= maxBytes,
  }))
}

export interface ScriptRow {
  readonly workspaceId: string
  readonly hash: string
  readonly language: 'typescript' | 'python'
  readonly source: string
}

export async function loadScripts(
  db: Queryable,
  keys: readonly { readonly workspaceId: string; readonly hash: string }[],
): Promise<ScriptRow[]> {
  const rows = await db.query<{
    workspace_id: string
    hash: string
    language: 'typescript' | 'python'
    source: string
  }>(sql.loadScripts, [
    JSON.stringify(keys.map((key) => ({ workspace_id: key.workspaceId, hash: key.hash }))),
  ])
  return rows.map(({ workspace_id: workspaceId, hash, language, source }) => ({
    workspaceId,
    hash,
    language,
    source,
  }))
}

type AnswerTuple = [position: number, seq: number, outcome: Outcome, at: number]

const toAnswer = ([position, seq, outcome, at]: AnswerTuple): Answer => ({
  position,
  seq,
  outcome,
  at,
})

interface LoadedRow {
  workspace_id: string
  id: string
  type: string
  status: Status
  version: number
  generation: number
  answered: number
  name: string | null
  parent_execution_id: string | null
  top_execution_id: string
  is_productive: boolean
  priority: number
  project_id: string | null
  created_by: string | null
  traceparent: string | null
  script_hash: string | null
  input: string | null
  input_hash: string | null
  started_at: number | null
  extra: string | null
  history: string | null
  answers: string | null
  bytes: number
}
