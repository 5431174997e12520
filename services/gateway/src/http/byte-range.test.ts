import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ByteRange, readRange } from './byte-range.ts'

test('a range is read as RFC 9110 says', () => {
  const cases: [string | undefined, ByteRange | 'whole' | 'unsatisfiable'][] = [
    [undefined, 'whole'],
    ['bytes=0-0', { from: 0, to: 1 }],
    ['bytes=2-5', { from: 2, to: 6 }],
    ['bytes=2-', { from: 2, to: 10 }],
    ['bytes=2-99', { from: 2, to: 10 }],
    ['bytes=-3', { from: 7, to: 10 }],
    ['bytes=-99', { from: 0, to: 10 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['lines=0-1', 'whole'],
  ]
  for (const [header, range] of cases)
    assert.deepEqual(readRange(header, 10), range, header ?? 'none')
})

test('nothing of an empty content can be given in part', () => {
  assert.equal(readRange('bytes=0-', 0), 'unsatisfiable')
  assert.equal(readRange(undefined, 0), 'whole')
})
