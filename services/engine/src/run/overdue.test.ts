import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { createOverdue } from './overdue.ts'

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
afterEach(() => mock.timers.reset())

test('what came just before a tick is not overdue at it, and is before two have passed', () => {
  const found: string[] = []
  const overdue = createOverdue<string>(500, (item) => found.push(item))
  overdue.add('first')
  mock.timers.tick(499)
  overdue.add('late')
  mock.timers.tick(1)
  assert.deepEqual(found, [])
  mock.timers.tick(499)
  overdue.add('later still')
  mock.timers.tick(1)
  assert.deepEqual(found, ['first', 'late'])
  overdue.delete('later still')
  mock.timers.tick(2_000)
  assert.deepEqual(found, ['first', 'late'])
})

test('a stream of short ones is never overdue, however long it lasts', () => {
  const found: number[] = []
  const overdue = createOverdue<number>(500, (item) => found.push(item))
  for (let n = 0; n < 1_000; n += 1) {
    overdue.add(n)
    overdue.add(-n - 1)
    mock.timers.tick(7)
    overdue.delete(n)
    mock.timers.tick(7)
    overdue.delete(-n - 1)
  }
  assert.deepEqual(found, [])
})
