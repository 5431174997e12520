import { type Database, inTransaction, type Queryable } from './database.ts'
import { hasAside, noteBorn } from './execution-aside.ts'
import { sql } from './executions-sql.ts'
import { isLimited, openLimits, withFlowLimits } from './limits.ts'
import { newExecutionRow, type NewExecution } from './new-execution.ts'
import { putPayloads } from './payloads.ts'
import { recordset } from './recordset.ts'

/**
 * Creates executions in one statement; ids that exist already are passed over, so that starting
 * twice starts once. Returns the birth times (ms since 1970) of those that were created.
 *
 * After it commits the caller nudges an engine (or a connector); a crash before that leaves
 * executions in WAITING_ENGINE that the sweep finds. Only what is limited, tagged or hidden costs a
 * transaction.
 */
export async function createExecutions(
  db: Queryable | Database,
  given: readonly NewExecution[],
): Promise<Map<string, number>> {
  const items = await withFlowLimits(db, given)
  if (!items.some((item) => isLimited(item) || hasAside(item))) return insertExecutions(db, items)
  return inTransaction(db, async (tx) => {
    const born = await insertExecutions(tx, items)
    const isBorn = ({ id }: NewExecution): boolean => born.has(id)
    await openLimits(tx, items.filter(isLimited).filter(isBorn))
    await noteBorn(tx, items.filter(hasAside).filter(isBorn))
    return born
  })
}

async function insertExecutions(
  db: Queryable,
  items: readonly NewExecution[],
): Promise<Map<string, number>> {
  const rows = items.map(newExecutionRow)
  await putPayloads(
    db,
    rows.flatMap((row) => row.payload ?? []),
  )
  const born = await db.query<{ id: string; created_at: number }>(sql.createExecutions, [
    recordset(rows.map((row) => row.columns)),
    rows.map((row) => row.input),
    items.map((item) => item.extra),
  ])
  return new Map(born.map((row) => [row.id, row.created_at]))
}
