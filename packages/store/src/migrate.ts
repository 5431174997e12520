import { readFileSync, readdirSync } from 'node:fs'
import pg from 'pg'

const FOLDER = new URL('../migrations/', import.meta.url)
// Any fixed number; it keeps two processes that start together from migrating together.
const ADVISORY_LOCK = 7_216_011

/**
 * Brings the schema up to date: every file of `migrations/` that the table `migration` does not
 * list, in name order, each in its own transaction. A crash leaves whole files applied only.
 */
export async function migrate(url: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK])
    await client.query(
      'CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    )
    const { rows } = await client.query<{ name: string }>('SELECT name FROM migration')
    const done = new Set(rows.map((row) => row.name))
    const due = readdirSync(FOLDER)
      .filter((name) => name.endsWith('.sql') && !done.has(name))
      .toSorted()
    for (const name of due) {
      await client.query('BEGIN')
      await client.query(readFileSync(new URL(name, FOLDER), 'utf8'))
      await client.query('INSERT INTO migration (name) VALUES ($1)', [name])
      await client.query('COMMIT')
    }
    return due
  } finally {
    await client.end() // also gives the advisory lock back
  }
}
