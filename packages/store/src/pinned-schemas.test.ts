import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Queryable } from './database.ts'
import { createSchemaPins } from './pinned-schemas.ts'

function counting(): { db: Queryable; puts: () => number } {
  let puts = 0
  const query = async () => {
    puts += 1
    return []
  }
  return { db: { query } as Queryable, puts: () => puts }
}

test('schemas are stored once a minute, however many executions refer to them', async () => {
  const { db, puts } = counting()
  const pins = createSchemaPins(db)
  const schemas = { input: '{"type":"object"}', output: '{"type":"array"}' }
  const first = await pins.pin('w', schemas)
  assert.deepEqual(await pins.pin('w', schemas), first)
  assert.match(first?.input_schema_hash ?? '', /^[\da-f]{64}$/)
  assert.notEqual(first?.input_schema_hash, first?.output_schema_hash)
  assert.equal(puts(), 1)
  await pins.pin('other', schemas)
  assert.equal(puts(), 2)
})

test('a flow without schemas costs nothing', async () => {
  const { db, puts } = counting()
  assert.equal(await createSchemaPins(db).pin('w', { input: null, output: null }), null)
  assert.equal(puts(), 0)
})
