import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupByRoot } from './blocked-executions.ts'

const pairs = (...texts: string[]) =>
  texts.map((text) => ({ waiter: text.charAt(0), holder: text.charAt(1) }))

test('each is grouped under what waits for nobody', () => {
  assert.deepEqual(
    [...groupByRoot(pairs('ab', 'bc', 'dc', 'ef'))],
    [
      ['c', ['a', 'b', 'd']],
      ['f', ['e']],
    ],
  )
})

test('a circle and what waits for it have one root, and a fork has two', () => {
  assert.deepEqual([...groupByRoot(pairs('bc', 'cb')).entries()], [['b', ['b', 'c']]])
  assert.deepEqual([...groupByRoot(pairs('ab', 'ac')).keys()].toSorted(), ['b', 'c'])
})
