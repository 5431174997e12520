import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startPostgres, type TestPostgres } from '@millrace/testkit'
import pg from 'pg'
import { createRng } from '../rng.ts'
import { POSTGRES_REQUEST, upstreamOf } from './links.ts'
import { startProxy } from './proxy.ts'

describe('lost answers of Postgres', { timeout: 60_000 }, () => {
  let postgres: TestPostgres
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres.stop())

  test('what lost its answer is done, what failed otherwise is not, and nothing else is', async () => {
    await using proxy = await startProxy({
      upstream: () => Promise.resolve(upstreamOf(postgres.url)),
      rng: createRng(7),
    })
    const straight = new pg.Client({ connectionString: postgres.url })
    await straight.connect()
    await straight.query('CREATE TABLE IF NOT EXISTS told (n int PRIMARY KEY, how text)')
    await straight.query('TRUNCATE told')
    const url = new URL(postgres.url)
    url.host = `127.0.0.1:${proxy.port}`
    const pool = new pg.Pool({ connectionString: url.href, max: 4 })
    pool.on('error', () => undefined)
    pool.on('connect', (client) => client.on('error', () => undefined))
    proxy.behave({ up: { kind: 'lose-answer', after: POSTGRES_REQUEST, chance: 0.1 } })

    const acknowledged: number[] = []
    const unknown: number[] = []
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        try {
          if (n % 2 === 0) await insert(n)
          else await insertInTransaction(n)
          acknowledged.push(n)
        } catch {
          unknown.push(n)
        }
      }),
    )
    proxy.heal()
    const { rows } = await straight.query<{ n: number }>('SELECT n FROM told')
    const done = new Set(rows.map(({ n }) => n))
    assert.ok(unknown.length > 5, `${unknown.length} of 200 are unknown`)
    assert.equal(proxy.hits.answersLost > 0, true)
    assert.deepEqual(
      acknowledged.filter((n) => !done.has(n)),
      [],
    )
    // One statement that lost its answer has committed.
    assert.deepEqual(
      unknown.filter((n) => n % 2 === 0 && !done.has(n)),
      [],
    )
    // A transaction may have lost the answer to its COMMIT, or one before it.
    const inDoubt = unknown.filter((n) => n % 2 === 1)
    assert.ok(inDoubt.some((n) => done.has(n)) && inDoubt.some((n) => !done.has(n)))
    await pool.end()
    await straight.end()

    function insert(n: number): Promise<unknown> {
      const text = 'INSERT INTO told VALUES ($1, $2)'
      return pool.query({ name: 'insert', text, values: [n, 'alone'] })
    }

    async function insertInTransaction(n: number): Promise<void> {
      const client = await pool.connect()
      let broken = true
      try {
        await client.query('BEGIN')
        await client.query({ text: 'INSERT INTO told VALUES ($1, $2)', values: [n, 'together'] })
        await client.query('COMMIT')
        broken = false
      } finally {
        client.release(broken)
      }
    }
  })
})
