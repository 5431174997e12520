import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row, Rows } from './load.ts'
import { median, ratiosOf } from './ratios.ts'

const rows = (perSecond: number, p50Ms: number): Rows => {
  const row: Row = { perSecond, p50Ms, p99Ms: p50Ms, stolen: 0 }
  return {
    'empty, 64 in flight': row,
    'empty, 256 in flight': row,
    'empty, 1 in flight': row,
    'ten steps, 32 in flight': row,
    '1,000 children': row,
  }
}

test('rates are judged against the faster peer of the same turn, then by the median turn', () => {
  const turns = [
    { millrace: rows(300, 1), restate: rows(100, 2), dbos: rows(50, 4) },
    { millrace: rows(100, 1), restate: rows(20, 2), dbos: rows(100, 4) },
    { millrace: rows(800, 1), restate: rows(200, 2), dbos: rows(100, 4) },
  ]
  const [empty64] = ratiosOf(turns)
  assert.equal(empty64?.ratio, 3)
})

test('times are judged against the faster peer too', () => {
  const turns = [{ millrace: rows(1, 3), restate: rows(1, 6), dbos: rows(1, 1) }]
  assert.equal(ratiosOf(turns).find(({ title }) => title === 'empty, 1 in flight')?.ratio, 3)
})

test('without a peer there is no ratio', () => {
  assert.deepEqual(ratiosOf([{ millrace: rows(1, 1) }]), [])
})

test('the median of an even number lies between the middle two', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5)
})
