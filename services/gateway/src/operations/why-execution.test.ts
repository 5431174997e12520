import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnAt } from './why-execution.ts'

test('a place in the queue of a rate has its turn when as many have had theirs', () => {
  const rate = { freeAt: [1_000, 2_500], limit: 2, perSeconds: 10 }
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((position) => turnAt(position, rate)),
    [1_000, 2_500, 11_000, 12_500, 21_000],
  )
  assert.equal(turnAt(1, { ...rate, freeAt: [] }), null)
})
