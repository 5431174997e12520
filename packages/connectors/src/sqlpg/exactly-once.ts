import type { TransactionMode } from './sqlpg-input.ts'
import { type PgWork, plain, transaction } from './pg-work.ts'

/**
 * A transaction that takes effect once per connection, however often it is attempted: its key goes
 * into a table of the same database in the same transaction. A repeat finds the key and gets the
 * result of the first; one that overlaps waits on the key until the first has committed or not.
 */
export async function runExactlyOnce(
  work: PgWork,
  mode: TransactionMode,
  run: () => Promise<unknown[]>,
): Promise<Record<string, unknown>> {
  const table = (mode.exactly_once_table ?? '')
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')
  const key = work.attempt.idempotencyKey
  if (mode.create_exactly_once_table) await createTable(work, table)
  return transaction(work, async () => {
    const inserted = await plain(
      work,
      `INSERT INTO ${table} (key) VALUES ($1) ON CONFLICT (key) DO NOTHING`,
      [key],
    )
    if (inserted.rowCount === 0) {
      const [done] = (await plain(work, `SELECT result FROM ${table} WHERE key = $1`, [key])).rows
      return { result: done?.[0] ?? null, repeated: true }
    }
    const result = await run()
    await plain(work, `UPDATE ${table} SET result = $2 WHERE key = $1`, [
      key,
      JSON.stringify(result),
    ])
    return { result, repeated: false }
  })
}

async function createTable(work: PgWork, table: string): Promise<void> {
  // Nothing of the work itself is done by this, so a loss here changes nothing that matters.
  work.isUndoable = true
  const create = `CREATE TABLE IF NOT EXISTS ${table} (key text PRIMARY KEY, result json, done_at timestamptz NOT NULL DEFAULT now())`
  await plain(work, create).catch((error: unknown) => {
    // Two that create it at once: the other one's is as good.
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code !== '23505' && code !== '42P07') throw error
  })
}
