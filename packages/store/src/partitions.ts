import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('partitions', [
  'listPartitions',
  'addPartition',
  'dropPartition',
  'readClock',
])

/** The tables that are partitioned by the birth of their execution, the time in its UUIDv7. */
export const PARTITIONED = ['savepoint', 'answer', 'log'] as const
export type Partitioned = (typeof PARTITIONED)[number]

/** One partition. Times are ms since 1970; the default one, which takes the rest, is not listed. */
export interface Partition {
  readonly of: Partitioned
  readonly name: string
  /** Executions born from here (null: ever since) … */
  readonly from: number | null
  /** … up to here. */
  readonly to: number
}

/** Postgres's time and its partitions, the oldest first. */
export async function readPartitions(
  db: Queryable,
): Promise<{ readonly at: number; readonly partitions: readonly Partition[] }> {
  const [clock] = await db.query<{ at: number }>(sql.readClock)
  const rows = await db.query<{ parent: Partitioned; name: string; bounds: string }>(
    sql.listPartitions,
  )
  const partitions = rows.flatMap(({ parent, name, bounds }) => {
    const [, from, to] =
      /FROM \((?:MINVALUE|'([\da-f-]+)')\) TO \('([\da-f-]+)'\)/.exec(bounds) ?? []
    if (to === undefined) return []
    return [{ of: parent, name, from: from === undefined ? null : birthOf(from), to: birthOf(to) }]
  })
  return { at: clock?.at ?? 0, partitions: partitions.toSorted((a, b) => a.to - b.to) }
}

/** Throws `unavailable` when it would have to wait for longer than a moment: try again later. */
export async function addPartition(
  db: Queryable,
  { of, from, to }: { readonly of: Partitioned; readonly from: number; readonly to: number },
): Promise<void> {
  const time = new Date(to).toISOString().slice(0, 19).replaceAll(/\D/g, '')
  await db.query(sql.addPartition, [of, firstIdAt(from), firstIdAt(to), `${of}_${time}`])
}

/**
 * Drops a partition. The rows of executions that are still there are moved to the default partition
 * first; returns how many. Null: it stays, since more than `mostKept` live on. Throws like addPartition.
 */
export async function dropPartition(
  db: Queryable,
  { of, name, mostKept }: Pick<Partition, 'of' | 'name'> & { readonly mostKept: number },
): Promise<number | null> {
  const [row] = await db.query<{ moved: number | null }>(sql.dropPartition, [of, name, mostKept])
  return row?.moved ?? null
}

/** The smallest UUIDv7 of a millisecond. */
function firstIdAt(ms: number): string {
  const hex = Math.floor(ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

const birthOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
