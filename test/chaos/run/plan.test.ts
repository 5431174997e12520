import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fullPlan, shortPlan } from './plan.ts'
import type { KeptRun } from './results.ts'

const run = (row: string, seed: number, more: Partial<KeptRun> = {}): KeptRun => ({
  row,
  seed,
  commit: 'c',
  product: 'p',
  violations: [],
  discounted: null,
  ...more,
})

describe('the plan of a full run', () => {
  test('gives every row its runs in turn, and more to the rows that need more', () => {
    const plan = fullPlan(['M1', 'M8'], { done: [], base: 1, runs: 2, manyRuns: 3 })
    assert.deepEqual(
      plan.map(({ row }) => row),
      ['M1', 'M8', 'M1', 'M8', 'M1'],
    )
    assert.equal(new Set(plan.map(({ seed }) => seed)).size, 5)
  })

  test('is the same for the same seed', () => {
    const options = { done: [], base: 7 }
    assert.deepEqual(fullPlan(['M1'], options), fullPlan(['M1'], options))
  })

  test('leaves out what is clean already, and makes up for what is not', () => {
    const [first, second] = fullPlan(['M8'], { done: [], base: 1, runs: 2 })
    assert.ok(first !== undefined && second !== undefined)
    const red = run('M8', second.seed, { violations: [{ invariant: 'I1', text: 'gone' }] })
    const done = [run('M8', first.seed), red, run('M8', 5, { discounted: 'nothing in flight' })]
    const plan = fullPlan(['M8'], { done, base: 1, runs: 2 })
    assert.equal(plan.length, 1)
    assert.ok(!done.some(({ seed }) => seed === plan[0]?.seed))
  })
})

test('the short plan takes each row with the fixed seed and one of chance before it repeats any', () => {
  const first = shortPlan(['M1', 'M5'], 9).take(6).toArray()
  assert.deepEqual(
    first.map(({ row }) => row),
    ['M1', 'M1', 'M5', 'M5', 'M1', 'M5'],
  )
  assert.deepEqual([first[0]?.seed, first[2]?.seed, first[4]?.seed], [1, 1, 2])
})
