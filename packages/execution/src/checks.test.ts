import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { EXECUTION_CHECKS, checkLines } from './checks.ts'

const migration = readFileSync(
  new URL('../../store/migrations/0001-core.sql', import.meta.url),
  'utf8',
)

test('the migration holds the CHECKs that the tables give', () => {
  assert.ok(migration.includes(checkLines().join(',\n  ')), checkLines().join(',\n  '))
})

test('every CHECK of the migration that is named after the execution is one of them', () => {
  const found = [...migration.matchAll(/CONSTRAINT (execution_\w+) CHECK/gu)].map(
    ([, name]) => name,
  )
  assert.deepEqual(
    found,
    EXECUTION_CHECKS.map(({ name }) => name),
  )
})
