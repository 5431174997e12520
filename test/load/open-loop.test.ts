import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrivalTimes, openLoop } from './open-loop.ts'

test('arrivals are as many as asked for, the same for a seed, and as irregular as strangers', () => {
  const asked = { perSecond: 1_000, seconds: 20, seed: 7 }
  const times = arrivalTimes(asked)
  assert.deepEqual(times, arrivalTimes(asked))
  assert.notDeepEqual(times, arrivalTimes({ ...asked, seed: 8 }))
  assert.ok(Math.abs(times.length - 20_000) < 500, String(times.length))
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
  // The deviation of exponential gaps is their mean.
  assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.05, `${Math.sqrt(variance)} of ${mean}`)
})

test('a system that stands still is charged for every call that it kept waiting', async () => {
  const until = performance.now() + 300
  const late: number[] = []
  await openLoop({ perSecond: 200, seconds: 0.3, seed: 1 }, async (scheduledMs) => {
    // The first call blocks all others, which are only made after it.
    while (performance.now() < until);
    late.push(performance.now() - scheduledMs)
    await Promise.resolve()
  })
  assert.ok(late.length > 30)
  assert.ok((late[0] ?? 0) > 250 && late.filter((ms) => ms > 100).length > late.length / 2)
})
