import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPgJson, isPgText } from './pg-text.ts'

test('JSON that Postgres can look into has no NUL and no half of a pair, but may speak of them', () => {
  for (const value of ['😀', '\\u0000', 'a\\ud83d', '\\\\ud83d', '\u0001', { '😀': ['ü'] }])
    assert.ok(isPgJson(JSON.stringify(value)), JSON.stringify(value))
  for (const value of ['\0', 'a\uD83D', '\uDE00', '\\\0', { '\0': 1 }, ['a', '\uD83Db']])
    assert.ok(!isPgJson(JSON.stringify(value)), JSON.stringify(value))
})

test('text that a column can hold is well formed and without a NUL', () => {
  assert.deepEqual(['', '😀', '\u0001', 'a\0', '\uD83D'].map(isPgText), [
    true,
    true,
    true,
    false,
    false,
  ])
})
