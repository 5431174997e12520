import pg from 'pg'

/** A row by column name; columns that are left out take their default. */
export type SeedRow = Readonly<Record<string, unknown>>

/**
 * Inserts rows as they are, past every rule of the store: for states that a crash leaves behind and
 * no function makes. All rows of one call have the same columns.
 */
export async function seedRows(
  url: string,
  table: string,
  rows: readonly SeedRow[],
): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  const columns = Object.keys(first)
    .map((column) => pg.escapeIdentifier(column))
    .join(', ')
  const into = pg.escapeIdentifier(table)
  await runSql(
    url,
    `INSERT INTO ${into} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${into}, $1)`,
    [JSON.stringify(rows)],
  )
}

/** One statement on a connection of its own; returns its rows, values as `pg` reads them. */
export async function runSql<Row extends object>(
  url: string,
  text: string,
  params: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'testkit' })
  await client.connect()
  try {
    return (await client.query<Row>(text, [...params])).rows
  } finally {
    await client.end()
  }
}
