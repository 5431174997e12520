import type { HistoryEntry, LogLine } from '@millrace/replay'
import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { loadStatements } from './statement.ts'

/** Where a reader of an execution's log stands: after so many lines of this call of this generation. */
export interface LogPosition {
  readonly generation: number
  readonly seq: number
  /** Most calls write one line; what a step writes is all under the step's number. */
  readonly line: number
}

/** After all that the calls up to `seq` have written. */
export const afterCall = (generation: number, seq: number): LogPosition => ({
  generation,
  seq,
  line: 999_999_999,
})

/** `line` counts from 1 among those of its call. */
export type PlacedLogLine = LogLine & LogPosition

/** Lines after `after`, at most about `limit`; `full` when there may be more. */
export async function readLogs(
  db: Queryable,
  key: ExecutionKey,
  { after, limit }: { readonly after: LogPosition; readonly limit: number },
): Promise<{ lines: PlacedLogLine[]; full: boolean }> {
  // The first of them may hold nothing but what has been read.
  const rowsMax = Math.min(limit, 200) + 2
  const params = [key.workspaceId, key.executionId, after.generation, after.seq, rowsMax]
  const rows = await db.query<LogRow>(statements.readLogs, params)
  const lines = rows.flatMap((row) => placed(row).filter((line) => isAfter(line, after)))
  const page = lines.slice(0, limit)
  return { lines: page, full: page.length < lines.length || rows.length === rowsMax }
}

/** A row holds all lines of each of its calls, in their order. */
function placed({ generation, lines }: LogRow): PlacedLogLine[] {
  let [call, count] = [0, 0]
  return (JSON.parse(lines) as LogLine[]).map((one) => {
    count = one.seq === call ? count + 1 : 1
    call = one.seq
    return { ...one, generation, line: count }
  })
}

function isAfter(line: PlacedLogLine, after: LogPosition): boolean {
  if (line.generation !== after.generation) return line.generation > after.generation
  return line.seq > after.seq || (line.seq === after.seq && line.line > after.line)
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
