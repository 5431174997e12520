import type { GivenAnswer, HistoryEntry, Outcome, Past } from '@millrace/replay'
import type { Queryable } from './database.ts'
import type { ExecutionKey, ExecutionRow } from './read-execution.ts'
import { sql } from './reverts-sql.ts'

/** One life of an execution as its rows have it. */
export interface StoredPast extends Past {
  readonly rows: readonly PastRow[]
  readonly answers: readonly (GivenAnswer & { readonly at: number })[]
}

/** The calls that one activation has recorded; `text` is the JSON of their entries. */
export interface PastRow {
  readonly firstSeq: number
  readonly lastSeq: number
  readonly text: string
  /** ms since 1970 */
  readonly createdAt: number
}

/** Reads a life whole. A life before the present one does not change any more; the present one may. */
export async function readPast(
  db: Queryable,
  row: ExecutionRow,
  generation: number,
): Promise<StoredPast> {
  const key = [row.workspace_id, row.id, generation]
  const stored = await db.query<SavepointRow>(sql.readPastRows, key)
  const answers = await db.query<AnswerRow>(sql.readPastAnswers, key)
  const isPresent = generation === row.generation
  const [former] = isPresent ? [] : await db.query<FormerStart>(sql.readFormerStart, key)
  const startedAt = (isPresent ? row.started_at : former?.former_started_at) ?? row.created_at
  return {
    life: { id: row.id, generation, startedAt },
    rows: stored.map((one) => ({
      firstSeq: one.first_seq,
      lastSeq: one.last_seq,
      text: one.entries,
      createdAt: one.created_at,
    })),
    history: stored.flatMap((one) => JSON.parse(one.entries) as HistoryEntry[]),
    answers: answers.map(({ position, seq, outcome, created_at: at }) => ({
      position,
      seq,
      at,
      kind: kindOf(outcome),
    })),
  }
}

/** The life to come of `to` begins with what was cut; in the caller's transaction. */
export async function inheritPast(
  tx: Queryable,
  to: ExecutionKey & { readonly generation: number },
  {
    past,
    cut,
  }: {
    readonly past: StoredPast
    readonly cut: {
      readonly seq: number
      readonly entries: readonly HistoryEntry[]
      readonly lastPosition: number
    }
  },
): Promise<void> {
  const changed = past.rows.flatMap((row) => {
    if (row.firstSeq > cut.seq) return []
    const lastSeq = Math.min(row.lastSeq, cut.seq)
    const text = JSON.stringify(cut.entries.slice(row.firstSeq - 1, lastSeq))
    return text === row.text ? [] : [{ first_seq: row.firstSeq, last_seq: lastSeq, text }]
  })
  await tx.query(sql.inheritHistory, [
    to.workspaceId,
    to.executionId,
    to.generation,
    past.life.id,
    past.life.generation,
    cut.seq,
    cut.lastPosition,
    JSON.stringify(changed.map(({ first_seq, last_seq }) => ({ first_seq, last_seq }))),
    changed.map(({ text }) => text),
  ])
}

function kindOf(outcome: string): Outcome['kind'] {
  const kind = /^\s*\{\s*"kind"\s*:\s*"(\w+)"/.exec(outcome)?.[1]
  return kind === 'error' || kind === 'timeout' || kind === 'dependency' ? kind : 'value'
}

interface SavepointRow {
  readonly first_seq: number
  readonly last_seq: number
  readonly entries: string
  readonly created_at: number
}

interface AnswerRow {
  readonly position: number
  readonly seq: number
  readonly outcome: string
  readonly created_at: number
}

interface FormerStart {
  readonly former_started_at: number | null
}
