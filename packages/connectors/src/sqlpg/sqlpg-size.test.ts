import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startPostgres, type TestPostgres } from '@millrace/testkit'
import type { AttemptResult } from '../run-attempt.ts'
import { attempt, verdict } from '../testing/attempts.ts'
import { pgLogIn } from '../testing/pg-log-in.ts'

let server: TestPostgres

before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

const run = (input: object): Promise<AttemptResult> =>
  attempt('SQLPG', { ...pgLogIn(server.url), ...input })

const LARGE = 30_000_000
const TOO_LARGE = { code: 'TOO_LARGE', phase: 'receive', outcome: 'known', repeatable: false }

test('one value past max_output_size is left when its size is told, before it has come', async () => {
  for (const mode of ['fetchval', 'fetchrow', 'fetch']) {
    const result = await run({ [mode]: `SELECT repeat('x', ${LARGE})` })
    assert.deepEqual(verdict(result), TOO_LARGE)
    assert.ok((result.details.bytes_in ?? LARGE) < LARGE / 2, String(result.details.bytes_in))
  }
})

test('a value that fits comes whole', async () => {
  const result = await run({ fetchval: `SELECT repeat('x', 9000000)` })
  assert.ok(result.ok)
  assert.equal(result.output['result'], 'x'.repeat(9_000_000))
})

test('what nobody asked for is dropped, however large', async () => {
  const statements = [
    [`SELECT repeat('x', ${LARGE})`, 'SELECT 1'],
    [`COPY (SELECT repeat('x', ${LARGE})) TO STDOUT`, 'COPY 1'],
    [`DO $$ BEGIN RAISE NOTICE '%', repeat('x', ${LARGE}); END $$`, 'DO'],
  ]
  for (const [execute, tag] of statements) {
    const result = await run({ execute, max_output_size: 1_000 })
    assert.ok(result.ok, JSON.stringify(result))
    assert.equal(result.output['result'], tag)
  }
})

test('a long error is told as one', async () => {
  const execute = `DO $$ BEGIN RAISE EXCEPTION '%', repeat('x', 3000000); END $$`
  const result = await run({ execute, max_output_size: 1_000 })
  const expected = { code: 'REJECTED', phase: 'wait', outcome: 'known', repeatable: false }
  assert.deepEqual(verdict(result), expected)
  assert.ok(!result.ok)
  assert.ok(JSON.stringify(result.error).length < 40_000)
})
