import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figure, holds } from '../bench/scenario.ts'
import { closedLoop, quantile, slope } from './measure.ts'

test('a quantile is one of the values, whatever their order', () => {
  const values = Array.from({ length: 1_000 }, (_, index) => (index * 7) % 1_000)
  assert.equal(quantile(values, 0.5), 500)
  assert.equal(quantile(values, 0.99), 990)
  assert.equal(quantile(values, 1), 999)
  assert.ok(Number.isNaN(quantile([], 0.5)))
})

test('the slope is what grows per step, through noise', () => {
  const points = Array.from({ length: 60 }, (_, x) => ({ x, y: 100 + x * 2 + (x % 2) }))
  assert.ok(Math.abs(slope(points) - 2) < 0.01)
  assert.equal(slope(points.map(({ x }) => ({ x, y: 5 }))), 0)
})

test('a closed loop makes every call once and no more than so many at a time', async () => {
  let [open, most] = [0, 0]
  const made: number[] = []
  const { perSecond } = await closedLoop({ total: 50, inFlight: 4 }, async (i) => {
    made.push(i)
    most = Math.max(most, ++open)
    await Promise.resolve()
    open -= 1
  })
  assert.deepEqual([made.length, new Set(made).size, most], [50, 50, 4])
  assert.ok(perSecond > 0)
})

test('a figure past what was asked for does not hold, and one that was not measured neither', () => {
  assert.ok(holds(figure('late', 250, 'ms', { atMost: 250 })))
  assert.ok(!holds(figure('late', 250.4, 'ms', { atMost: 250 })))
  assert.ok(!holds(figure('rate', 1.499, '×', { atLeast: 1.5 })))
  assert.ok(!holds(figure('rate', Number.NaN, '×', { atLeast: 1.5 })))
  assert.ok(holds(figure('rate', 1, '×')))
})
