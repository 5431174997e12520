import type { Checker, ExecutionRow } from '../evidence.ts'
import { indexBy } from './group-by.ts'

/** A lease: by then whoever still works on something cancelled has been told, or is taken for dead. */
const SEEN_WITHIN_MS = 10_000

/** What is cancelled ends at once, and all below it that is no orphan soon after. */
export const checkCascades: Checker = ({ rows }) => {
  const byId = indexBy(rows.executions, ({ id }) => id)
  return rows.executions.flatMap((row) => {
    const over = cancelledAbove(row, byId)
    if (over === null || row.endedAt === null || row.endedAt <= over + SEEN_WITHIN_MS) return []
    const seconds = ((row.endedAt - over) / 1_000).toFixed(1)
    return [
      {
        invariant: 'M33',
        text: `${row.id} went on for ${seconds} s to ${row.status} below what was cancelled`,
      },
    ]
  })
}

/** When the nearest of those above it that are cancelled has ended; null: none, or not its concern. */
function cancelledAbove(row: ExecutionRow, byId: ReadonlyMap<string, ExecutionRow>): number | null {
  for (let at = row; !at.orphan;) {
    const above = at.parent === null ? undefined : byId.get(at.parent)
    if (above === undefined) return null
    // What was started again since, as after a revert, is no concern of a cancel before it.
    if (above.status === 'ENDED_CANCELLED' && above.endedAt !== null)
      return row.createdAt <= above.endedAt ? above.endedAt : null
    at = above
  }
  return null
}
