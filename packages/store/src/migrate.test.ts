import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { newId } from '@millrace/runtime'
import { openSql, runSql, seedRows, startPostgres } from '@millrace/testkit'
import { migrate } from './migrate.ts'

const FOLDER = new URL('../migrations/', import.meta.url)
const AHEAD = 'ffffff00-0000-7000-8000-000000000000'

test('history of before there were partitions is in the first one afterwards', async () => {
  await using server = await startPostgres()
  const name = `test_${newId().replaceAll('-', '')}`
  await runSql(server.url, `CREATE DATABASE ${name}`)
  const url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href
  {
    await using sql = await openSql(url)
    await sql.run(
      'CREATE TABLE migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    )
    for (const file of readdirSync(FOLDER).toSorted()) {
      if (file >= '0040') continue
      await sql.run(readFileSync(new URL(file, FOLDER), 'utf8'))
      await sql.run('INSERT INTO migration VALUES ($1)', [file])
    }
    const row = { workspace_id: newId(), generation: 1, first_seq: 1, last_seq: 1, format: 1 }
    const rest = { entries: [], created_at: new Date().toISOString() }
    const ids = [newId(), AHEAD]
    await seedRows(
      sql,
      'savepoint',
      ids.map((execution_id) => ({ ...row, ...rest, execution_id })),
    )
  }
  assert.equal((await migrate(url))[0], '0040-retention.sql')
  const rows = await runSql<{ place: string }>(
    url,
    'SELECT tableoid::regclass::text AS place FROM savepoint ORDER BY execution_id',
  )
  assert.deepEqual(
    rows.map(({ place }) => place),
    ['savepoint_first', 'savepoint_rest'],
  )
  assert.deepEqual(await migrate(url), [])
  await runSql(server.url, `DROP DATABASE ${name} WITH (FORCE)`)
})
