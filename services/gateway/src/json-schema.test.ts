import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSchema } from './json-schema.ts'

test('a value that does not match is refused with its pointer', () => {
  const schema = { type: 'object', properties: { 'a/b': { type: 'integer' } }, required: ['c'] }
  const check = compileSchema(JSON.stringify(schema), '/input_schema')
  check({ c: null }, '/input_value')
  assert.throws(() => check({}, '/input_value'), {
    details: { errors: [{ pointer: '/input_value/c', message: 'is missing' }] },
  })
  assert.throws(() => check({ c: 1, 'a/b': 'x' }, '/input_value'), {
    details: { errors: [{ pointer: '/input_value/a~1b', message: 'must be integer' }] },
  })
})

test('a pattern that would backtrack for ever runs in linear time', () => {
  const check = compileSchema('{"type":"string","pattern":"^(a+)+$"}', '/input_schema')
  const begun = performance.now()
  assert.throws(() => check(`${'a'.repeat(50_000)}b`, ''), { code: 'invalid' })
  assert.ok(performance.now() - begun < 10_000)
  assert.throws(() => compileSchema('{"pattern":"(a)\\\\1"}', '/input_schema'), /linear time/)
})

test('what is no schema is refused', () => {
  for (const text of ['3', 'null', '{"type":"nonsense"}', '{"$ref":"https://elsewhere/x"}'])
    assert.throws(() => compileSchema(text, '/input_schema'), { code: 'invalid' }, text)
})
