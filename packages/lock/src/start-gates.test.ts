import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGateKey, startGates } from './start-gates.ts'

const id = '00000000-0000-7000-8000-0000000000cc'
const flow = (limits: { concurrency?: object; rate_limit?: object }) => ({
  id,
  concurrency: limits.concurrency === undefined ? null : JSON.stringify(limits.concurrency),
  rate_limit: limits.rate_limit === undefined ? null : JSON.stringify(limits.rate_limit),
})

test('a flow without limits has no gates', () => {
  assert.equal(startGates(flow({}), { a: 1 }), null)
})

test('a run passes first its place, then its turn in the rate', () => {
  const both = flow({ concurrency: { limit: 3 }, rate_limit: { limit: 10, per_seconds: 60 } })
  assert.deepEqual(startGates(both, null), [
    { key: `concurrency:${id}`, capacity: 3 },
    { key: `rate:${id}`, capacity: 10 },
  ])
})

test('runs whose key has the same value share a gate, what is not there being null', () => {
  const keyed = flow({ concurrency: { limit: 1, key: '/customer/a~1b' } })
  const keyOf = (input: unknown) => startGates(keyed, input)?.[0]?.key
  assert.equal(keyOf({ customer: { 'a/b': 'acme' } }), `concurrency:${id}:"acme"`)
  assert.equal(keyOf({ customer: { 'a/b': [1, 2] } }), `concurrency:${id}:[1,2]`)
  for (const input of [null, {}, { customer: 5 }, { customer: { 'a/b': null } }])
    assert.equal(keyOf(input), `concurrency:${id}:null`)
  assert.equal(keyOf(JSON.parse('{"__proto__": {"customer": 1}}')), `concurrency:${id}:null`)
})

test('long values are told apart by a hash', () => {
  const keyed = flow({ rate_limit: { limit: 1, per_seconds: 1, key: '/k' } })
  const keyOf = (k: string) => startGates(keyed, { k })?.[0]?.key ?? ''
  const [one, other] = [keyOf('x'.repeat(5_000)), keyOf(`${'x'.repeat(4_999)}y`)]
  assert.notEqual(one, other)
  assert.ok(one.length < 300)
})

test('a key is text that can be stored, wherever its value is cut', () => {
  const keyed = flow({ concurrency: { limit: 1, key: '/k' } })
  for (const k of ['x'.repeat(158) + '😀'.repeat(9), 'x'.repeat(159) + '😀'.repeat(9)])
    assert.ok(startGates(keyed, { k })?.[0]?.key.isWellFormed(), k)
})

test('the key of a gate says flow and value; that of another lock says nothing', () => {
  assert.deepEqual(parseGateKey(`concurrency:${id}:"a:b"`), {
    kind: 'concurrency',
    flowId: id,
    value: '"a:b"',
  })
  assert.deepEqual(parseGateKey(`rate:${id}`), { kind: 'rate', flowId: id, value: null })
  assert.equal(parseGateKey('semaphore:deploy'), null)
  assert.equal(parseGateKey(`setting:${id}`), null)
})
