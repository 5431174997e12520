import type { HistoryEntry } from '@millrace/replay'
import { type Database, type LoadedExecution, readWaits } from '@millrace/store'

/**
 * Calls that a life has inherited unanswered are asked again by its first activation, and only by that
 * one: its commit opens their waits. Afterwards each has an open wait or an answer, so that is how a later
 * replay knows. The commit of an activation that knew less is refused for its version.
 */
export async function withoutAsked(db: Database, row: LoadedExecution): Promise<LoadedExecution> {
  if (!row.history.some(({ again }) => again === true)) return row
  const waits = await readWaits(db, row)
  const asked = new Set([
    ...waits.filter(({ generation }) => generation === row.generation).map(({ seq }) => seq),
    ...row.answers.map(({ seq }) => seq),
  ])
  return {
    ...row,
    history: row.history.map((entry) => (asked.has(entry.seq) ? plain(entry) : entry)),
  }
}

function plain({ again: _, ...entry }: HistoryEntry): HistoryEntry {
  return entry
}
