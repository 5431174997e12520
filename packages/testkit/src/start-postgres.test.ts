import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { createTestDatabase } from './create-test-database.ts'
import { startPostgres, type TestPostgres } from './start-postgres.ts'

describe('Postgres for tests', () => {
  let postgres: TestPostgres
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres.stop())

  it('is an 18 that takes 200 connections', async () => {
    const [row] = await query(
      postgres.url,
      `SELECT current_setting('server_version_num')::int / 10000 AS version,
              current_setting('max_connections')::int AS connections`,
    )
    assert.deepEqual(row, { version: 18, connections: 200 })
  })

  it('gives each test a migrated database of its own, migrating once', async () => {
    let migrations = 0
    const migrate = async (url: string): Promise<void> => {
      migrations += 1
      await query(url, 'CREATE TABLE IF NOT EXISTS thing (id int)')
    }
    const server = postgres.url
    const both = await Promise.all([
      createTestDatabase({ server, migrate }),
      createTestDatabase({ server, migrate }),
    ])
    const [one, other] = both
    await query(one.url, 'INSERT INTO thing VALUES (1)')
    assert.deepEqual(await query(one.url, 'SELECT id FROM thing'), [{ id: 1 }])
    assert.deepEqual(await query(other.url, 'SELECT id FROM thing'), [])
    assert.ok(migrations <= 2, `${migrations} migrations`)

    await Promise.all(both.map((database) => database.drop()))
    await assert.rejects(query(one.url, 'SELECT 1'), /does not exist/)
  })
})

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
