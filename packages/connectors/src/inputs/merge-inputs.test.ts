import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeInputs } from './merge-inputs.ts'

test('the call wins key by key, and other keys stay', () => {
  assert.deepEqual(
    mergeInputs(
      { host: 'a', tls: { verify: true, ca: 'x' }, query: [1, 2] },
      { tls: { verify: false }, query: [3] },
    ),
    { host: 'a', tls: { verify: false, ca: 'x' }, query: [3] },
  )
})

test('an object of another kind replaces the whole', () => {
  assert.deepEqual(
    mergeInputs(
      {
        authentication: { authentication_method: 'basic', username: 'u', password: 'p' },
        mode: { mode_name: 'fetch', query: 'a' },
      },
      {
        authentication: { authentication_method: 'bearer', token: 't' },
        mode: { mode_name: 'fetch', parameters: [1] },
      },
    ),
    {
      authentication: { authentication_method: 'bearer', token: 't' },
      mode: { mode_name: 'fetch', query: 'a', parameters: [1] },
    },
  )
})

test('absent sides and hostile keys do no harm', () => {
  assert.deepEqual(mergeInputs(null, { a: 1 }), { a: 1 })
  assert.deepEqual(mergeInputs({ a: 1 }, null), { a: 1 })
  assert.deepEqual(mergeInputs(null, undefined), {})
  const merged = mergeInputs(
    JSON.parse('{"a":{}}'),
    JSON.parse('{"__proto__":{"polluted":true}}'),
  ) as object
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  assert.ok(Object.hasOwn(merged, '__proto__'))
})
