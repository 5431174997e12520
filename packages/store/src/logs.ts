import type { HistoryEntry, LogLine } from '@millrace/replay'
import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { loadStatements } from './statement.ts'

/** Where a reader of an execution's log stands: after this line of this generation. */
export interface LogPosition {
  readonly generation: number
  readonly seq: number
}

export type PlacedLogLine = LogLine & { readonly generation: number }

/** Lines after `after`, at most about `limit`; `full` when there may be more. */
export async function readLogs(
  db: Queryable,
  key: ExecutionKey,
  { after, limit }: { readonly after: LogPosition; readonly limit: number },
): Promise<{ lines: PlacedLogLine[]; full: boolean }> {
  const rowsMax = Math.min(limit, 200) + 1
  const params = [key.workspaceId, key.executionId, after.generation, after.seq + 1, rowsMax]
  const rows = await db.query<LogRow>(statements.readLogs, params)
  const lines = rows.flatMap((row) =>
    (JSON.parse(row.lines) as LogLine[])
      .map((line) => ({ ...line, generation: row.generation }))
      .filter((line) => line.generation > after.generation || line.seq > after.seq),
  )
  const page = lines.slice(0, limit)
  return { lines: page, full: page.length < lines.length || rows.length === rowsMax }
}

/** One recorded call and what came of it. Times: ms since 1970. */
export interface SavepointView {
  readonly seq: number
  readonly generation: number
  readonly name: string
  readonly command: string
  readonly lineno: number | null
  readonly created_at: number
  readonly answered_at: number | null
  readonly state: 'done' | 'failed' | 'timed_out' | 'open'
}

/** Calls after `afterSeq`, at most about `limit`. */
export async function readSavepoints(
  db: Queryable,
  key: ExecutionKey,
  page: { readonly generation: number; readonly afterSeq: number; readonly limit: number },
): Promise<{ savepoints: SavepointView[]; full: boolean }> {
  const { generation, afterSeq, limit } = page
  const rowsMax = Math.min(limit, 200) + 1
  const place = [key.workspaceId, key.executionId, generation]
  const rows = await db.query<SavepointRow>(statements.readSavepoints, [
    ...place,
    afterSeq,
    rowsMax,
  ])
  const first = rows[0]
  const last = rows.at(-1)
  if (first === undefined || last === undefined) return { savepoints: [], full: false }

  const range = [first.first_seq, last.last_seq]
  const answers = await db.query<AnswerKindRow>(statements.readAnswerKinds, [...place, ...range])
  const bySeq = new Map(answers.map((answer) => [answer.seq, answer]))
  const all = rows.flatMap((row) =>
    (JSON.parse(row.entries) as HistoryEntry[])
      .filter((entry) => entry.seq > afterSeq)
      .map((entry) => toView(row, entry, bySeq.get(entry.seq))),
  )
  const savepoints = all.slice(0, limit)
  return { savepoints, full: savepoints.length < all.length || rows.length === rowsMax }
}

function toView(
  row: SavepointRow,
  entry: HistoryEntry,
  answer: AnswerKindRow | undefined,
): SavepointView {
  const outcome = entry.outcome === undefined ? answer?.outcome : JSON.stringify(entry.outcome)
  const inside = entry.outcome === undefined ? null : row.created_at
  return {
    seq: entry.seq,
    generation: row.generation,
    name: entry.label,
    command: entry.kind,
    lineno: entry.line,
    created_at: row.created_at,
    answered_at: inside ?? answer?.created_at ?? null,
    state: outcome === undefined ? 'open' : stateOf(outcome),
  }
}

/** Reads the beginning of an outcome's text: kind first, and the verdict after it. */
function stateOf(outcome: string): SavepointView['state'] {
  const match = /^\s*\{\s*"kind"\s*:\s*"(\w+)"(?:\s*,\s*"verdict"\s*:\s*"(\w+)")?/.exec(outcome)
  if (match?.[1] === 'timeout') return 'timed_out'
  return match?.[1] === 'error' || match?.[2] === 'failed' ? 'failed' : 'done'
}

interface LogRow {
  readonly generation: number
  readonly first_seq: number
  readonly lines: string
}

interface SavepointRow {
  readonly generation: number
  readonly first_seq: number
  readonly last_seq: number
  readonly entries: string
  readonly created_at: number
}

interface AnswerKindRow {
  readonly seq: number
  readonly outcome: string
  readonly created_at: number
}

const statements = loadStatements('logs', ['readLogs', 'readSavepoints', 'readAnswerKinds'])
