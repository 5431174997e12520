import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordWords } from './record-words.ts'

test('a request reads as one line that says what is asked of which record', () => {
  const type = 'flow'
  const list = { type, action: 'list', filter: null, order: null, limit: null } as const
  assert.equal(recordWords(list), 'list flows')
  assert.equal(recordWords({ type, action: 'exists', key: 'a' }), 'look for flow "a"')
  assert.equal(recordWords({ type, action: 'read', key: 'a', fields: null }), 'read flow "a"')
  const save = { type, action: 'save', key: 'two\nlines', values: {} } as const
  assert.equal(recordWords(save), 'save flow "two\\nlines"')
})
