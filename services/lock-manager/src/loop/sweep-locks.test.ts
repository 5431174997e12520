import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pauseAfterLook } from './deadlocks.ts'
import { pauseAfterScan } from './dependency-walk.ts'
import { pauseAfter } from './sweep-locks.ts'

test('a sweep of long queues is followed by a longer pause', () => {
  assert.equal(pauseAfter(1, 1_000), 1_000)
  assert.equal(pauseAfter(100, 1_000), 2_000)
})

test('a sweep that has waited for a silent Postgres is followed by another one soon', () => {
  assert.equal(pauseAfter(300_000, 1_000), 10_000)
})

test('a look for deadlocks that stood still is followed by another one soon', () => {
  assert.deepEqual([pauseAfterLook(20), pauseAfterScan(20)], [200, 1_000])
  assert.ok(pauseAfterLook(4_500) <= 5_000 && pauseAfterScan(4_500) <= 15_000)
})
