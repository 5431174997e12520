import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startPostgres, type TestPostgres } from '@millrace/testkit'
import pg from 'pg'
import type { AttemptResult } from '../run-attempt.ts'
import { attempt, verdict } from '../testing/attempts.ts'
import { pgLogIn } from '../testing/pg-log-in.ts'

let server: TestPostgres
let direct: pg.Client
const table = `rows_${process.pid}`

before(async () => {
  server = await startPostgres()
  direct = new pg.Client({ connectionString: server.url })
  await direct.connect()
  await direct.query(`CREATE TABLE ${table} (id int)`)
})
after(async () => {
  await direct.query(`DROP TABLE ${table}`)
  await direct.end()
  await server.stop()
})

const run = (input: object): Promise<AttemptResult> =>
  attempt('SQLPG', { ...pgLogIn(server.url), ...input })
async function resultOf(input: object): Promise<unknown> {
  const result = await run(input)
  assert.ok(result.ok, JSON.stringify(result))
  return result.output['result']
}

test('fetchval gives the first column, whatever the names of the others', async () => {
  for (const [fetchval, expected] of [
    ['SELECT count(*), count(email) FROM (VALUES (NULL::text), (NULL)) AS u (email)', 2],
    [`SELECT 'total' AS name, 7 AS "2024"`, 'total'],
    [`SELECT 1 AS "__proto__", 2 AS "__proto__"`, 1],
  ] as const)
    assert.equal(await resultOf({ fetchval }), expected)
})

test('a record has each column under its name', async () => {
  assert.equal(
    JSON.stringify(await resultOf({ fetchrow: `SELECT 'a' AS name, 7 AS "__proto__"` })),
    '{"name":"a","__proto__":7}',
  )
  assert.deepEqual(await resultOf({ fetch: 'SELECT FROM generate_series(1, 2)' }), [{}, {}])
})

const twice = `INSERT INTO ${table} VALUES (1) RETURNING id, id`
for (const input of [
  { fetch: twice },
  { fetchrow: twice },
  { fetch: twice, autocommit: false },
  { mode: { mode_name: 'transaction', statements: [{ query: twice, fetch: 'all' }] } },
])
  test(`two columns of one name make no record, and nothing is changed: ${JSON.stringify(input).slice(0, 40)}`, async () => {
    const result = await run(input)
    const { phase: _phase, ...told } = verdict(result)
    assert.deepEqual(told, { code: 'REJECTED', outcome: 'known', repeatable: false })
    assert.match(JSON.stringify(result), /two columns named \\"id\\".* AS\./)
    assert.equal((await direct.query(`SELECT FROM ${table}`)).rowCount, 0)
  })

test('names do not matter where no record is asked for', async () => {
  assert.equal(await resultOf({ execute: 'SELECT 1 AS a, 2 AS a' }), 'SELECT 1')
})
