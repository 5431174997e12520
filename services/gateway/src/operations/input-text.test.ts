import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VALUE_MAX_BYTES } from '@millrace/replay'
import { inputText } from './input-text.ts'

test('an input of the limit is taken, and one byte more names field, size and limit', () => {
  const fits = 'x'.repeat(VALUE_MAX_BYTES - 2)
  assert.equal(inputText(fits, '/input_value').length, VALUE_MAX_BYTES)
  assert.throws(() => inputText(`${fits}x`, '/items/1/input_value'), {
    code: 'invalid',
    message: /^\/items\/1\/input_value has 33554433 bytes as JSON; 33554432 are accepted/,
  })
})

test('bytes count, not characters', () => {
  const third = Math.floor(VALUE_MAX_BYTES / 3)
  assert.ok(inputText('字'.repeat(third - 1), '').length < VALUE_MAX_BYTES)
  assert.throws(() => inputText('字'.repeat(third + 1), ''), { code: 'invalid' })
})
