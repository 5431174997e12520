import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maskResponse, secretsOf } from './mask-response.ts'
import { readContent } from './read-content.ts'

const read = readContent({
  body: {
    properties: {
      user: { type: 'string' },
      password: { element: 'password' },
      pin: { type: 'number', writeOnly: true },
      keys: { type: 'object', 'x-secret': true },
    },
  },
})
assert.ok(read.ok)
const form = read.value

test('secret fields are masked, whatever they hold, and the others stay', () => {
  const response = { user: 'anna', password: 'hunter2', pin: 1234, keys: { a: ['s1', 2], b: 's2' } }
  assert.deepEqual(maskResponse(form, response), {
    user: 'anna',
    password: '***',
    pin: '***',
    keys: '***',
  })
  assert.deepEqual(secretsOf(form, response), ['hunter2', 's1', 's2'])
  assert.deepEqual(maskResponse(form, { user: 'anna' }), { user: 'anna' })
  assert.deepEqual(secretsOf(form, { password: '' }), [])
})

test('F4 no secret is left in what is shown', () => {
  const secret = fc.uuid()
  fc.assert(
    fc.property(
      secret,
      fc.array(secret),
      fc.dictionary(fc.string(), secret),
      (password, list, map) => {
        const response = { user: 'anna', password, keys: { list, map } }
        const shown = JSON.stringify(maskResponse(form, response))
        for (const text of [password, ...list, ...Object.values(map)]) {
          assert.ok(!shown.includes(text))
          assert.ok(secretsOf(form, response).includes(text))
        }
      },
    ),
    { seed: 13, numRuns: 200 },
  )
})
