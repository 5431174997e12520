import pg from 'pg'

/** A row by column name; columns that are left out take their default. */
export type SeedRow = Readonly<Record<string, unknown>>

/**
 * Inserts rows as they are, past every rule of the store: for states that a crash leaves behind and
 * no function makes. All rows of one call have the same columns.
 */
export async function seedRows(
  on: string | SqlSession,
  table: string,
  rows: readonly SeedRow[],
): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first)
    .map((column) => pg.escapeIdentifier(column))
    .join(', ')
  const into = pg.escapeIdentifier(table)
  const text = `INSERT INTO ${into} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${into}, $1)`
  const params = [JSON.stringify(rows)]
  if (typeof on === 'string') await runSql(on, text, params)
  else await on.run(text, params)
}

/** One statement on a connection of its own; returns its rows, values as `pg` reads them. */
export async function runSql<Row extends object>(
  url: string,
  text: string,
  params: readonly unknown[] = [],
): Promise<Row[]> {
  await using session = await openSql(url)
  return await session.run<Row>(text, params)
}

/** A connection for a test's own statements. Close it before its database is dropped. */
export interface SqlSession extends AsyncDisposable {
  run<Row extends object>(text: string, params?: readonly unknown[]): Promise<Row[]>
}

export async function openSql(url: string): Promise<SqlSession> {
  // A pool of one: what is asked meanwhile waits for its turn.
  const pool = new pg.Pool({ connectionString: url, application_name: 'testkit', max: 1 })
  pool.on('error', () => undefined) // tests end servers; the next statement says so
  await pool.query('SELECT')
  return {
    run: async <Row extends object>(text: string, params: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...params])).rows,
    [Symbol.asyncDispose]: () => pool.end(),
  }
}
