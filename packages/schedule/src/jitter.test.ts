import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jitteredStart } from './jitter.ts'

test('T5: a start keeps to its jitter and comes before the next planned time, always the same', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(2_000_000_000),
      fc.nat(86_400_000),
      fc.option(fc.integer({ min: 1, max: 100_000_000 }), { nil: null }),
      (scheduleId, plannedMs, jitterMs, gap) => {
        const nextPlannedMs = gap === null ? null : plannedMs + gap
        const facts = { scheduleId, plannedMs, jitterMs, nextPlannedMs }
        const start = jitteredStart(facts)
        assert.ok(Number.isInteger(start) && start >= plannedMs && start <= plannedMs + jitterMs)
        assert.ok(nextPlannedMs === null || start < nextPlannedMs)
        assert.equal(jitteredStart(facts), start)
      },
    ),
    { numRuns: 2_000, seed: 51 },
  )
})

test('starts of many schedules are spread evenly', () => {
  const buckets = new Array<number>(10).fill(0)
  for (let index = 0; index < 10_000; index++) {
    const facts = { scheduleId: `schedule-${index}`, plannedMs: 0, jitterMs: 99_999 }
    const start = jitteredStart({ ...facts, nextPlannedMs: null })
    buckets[Math.floor(start / 10_000)] = (buckets[Math.floor(start / 10_000)] ?? 0) + 1
  }
  // A thousand each, give or take five standard deviations.
  for (const count of buckets) assert.ok(count > 850 && count < 1_150, buckets.join(' '))
})

test('without jitter a run starts as planned', () => {
  const facts = { scheduleId: 'a', plannedMs: 1_000, nextPlannedMs: null }
  assert.equal(jitteredStart({ ...facts, jitterMs: 0 }), 1_000)
})
