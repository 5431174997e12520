import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeeperThan } from '@millrace/webhook'
import fc from 'fast-check'
import { parseJsonBody } from './json-body.ts'

const nested = (levels: number): Buffer => Buffer.from(`${'['.repeat(levels)}${']'.repeat(levels)}`)

test('64 levels are read and 65 are refused', () => {
  assert.ok(Array.isArray(parseJsonBody(nested(64))))
  assert.throws(() => parseJsonBody(nested(65)), { code: 'invalid', message: /deeper than 64/ })
  assert.throws(() => parseJsonBody(Buffer.from('{"a":'.repeat(65))), /deeper than 64/)
})

test('ten million brackets cost no stack', () => {
  assert.throws(() => parseJsonBody(Buffer.alloc(10_000_000, '[')), /deeper than 64/)
})

test('brackets inside strings do not count', () => {
  const text = JSON.stringify({ a: '['.repeat(200), b: '\\"[[' })
  assert.deepEqual(parseJsonBody(Buffer.from(text)), JSON.parse(text))
})

test('depth is counted as a recursive walk counts it', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null
      ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
      : 0
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 0, max: 9 }), (value, levels) => {
      const body = Buffer.from(JSON.stringify(value))
      assert.equal(isDeeperThan(body, levels), depthOf(value) > levels)
    }),
    { seed: 1 },
  )
})

test('what is no JSON or no UTF-8 is malformed', () => {
  assert.throws(() => parseJsonBody(Buffer.from('{"a":')), { details: { httpStatus: 400 } })
  assert.throws(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22])), /UTF-8/)
})
