import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Bucket, type RateLimit, takeToken } from './rate-limit.ts'

const limit = fc.record(
  {
    calls: fc.integer({ min: 1, max: 1_000 }),
    per_seconds: fc.integer({ min: 1, max: 3_600 }),
    burst: fc.integer({ min: 1, max: 50 }),
  },
  { requiredKeys: ['calls', 'per_seconds'] },
) as fc.Arbitrary<RateLimit>
/** ms between one call and the next; also a clock that goes back. */
const gaps = fc.array(fc.oneof(fc.nat(50), fc.nat(5_000), fc.integer({ min: -3_000, max: 0 })), {
  maxLength: 200,
})

test('a new bucket is full, gives its burst, and then one by one', () => {
  const rule = { calls: 2, per_seconds: 10, burst: 3 }
  let bucket: Bucket | null = null
  const given = [0, 0, 0, 0, 4_999, 5_000, 5_000, 10_000].map((now) => {
    const take = takeToken(rule, bucket, now)
    bucket = take.bucket
    return take.isAllowed ? 'yes' : take.retryAfterSeconds
  })
  assert.deepEqual(given, ['yes', 'yes', 'yes', 5, 1, 'yes', 5, 'yes'])
})

test('without a burst, as many at once as calls', () => {
  let bucket: Bucket | null = null
  let count = 0
  for (let call = 0; call < 20; call += 1) {
    const take = takeToken({ calls: 7, per_seconds: 60 }, bucket, 1_000)
    bucket = take.bucket
    count += Number(take.isAllowed)
  }
  assert.equal(count, 7)
})

test('H5 no span of time gets more than burst and rate together', () => {
  fc.assert(
    fc.property(limit, gaps, (rule, waits) => {
      const burst = rule.burst ?? rule.calls
      const perMs = rule.calls / rule.per_seconds / 1_000
      const allowed: number[] = []
      let bucket: Bucket | null = null
      let now = 1_000_000
      let highest = Number.NEGATIVE_INFINITY
      for (const wait of waits) {
        now += wait
        highest = Math.max(highest, now)
        const take = takeToken(rule, bucket, now)
        bucket = take.bucket
        if (take.isAllowed) allowed.push(highest)
      }
      for (const [first, from] of allowed.entries())
        for (let last = first; last < allowed.length; last += 1) {
          const span = (allowed[last] ?? 0) - from
          assert.ok(last - first + 1 <= burst + span * perMs + 1e-3)
        }
    }),
    { seed: 8, numRuns: 300 },
  )
})

test('who waits as long as told is let in, and who waits a second less is not', () => {
  fc.assert(
    fc.property(limit, gaps, fc.nat(2_000), (rule, waits, extra) => {
      let bucket: Bucket | null = null
      let now = 1_000_000
      for (const wait of waits) {
        now += wait
        bucket = takeToken(rule, bucket, now).bucket
      }
      const refused = takeToken(rule, bucket, now)
      fc.pre(!refused.isAllowed)
      const after = (ms: number) => takeToken(rule, refused.bucket, now + ms).isAllowed
      const told = refused.retryAfterSeconds * 1_000
      assert.equal(after(told + extra), true)
      if (told > 1_000) assert.equal(after(told - 1_001), false)
    }),
    { seed: 9, numRuns: 500 },
  )
})

test('a clock that goes back takes nothing away', () => {
  const rule = { calls: 2, per_seconds: 2 }
  const first = takeToken(rule, null, 5_000)
  const second = takeToken(rule, first.bucket, 0)
  assert.equal(second.isAllowed, true)
  assert.deepEqual(second.bucket, { tokens: 0, at: 5_000 })
})

test('a limit that was made smaller holds at once', () => {
  const full = { tokens: 500, at: 0 }
  const take = takeToken({ calls: 1, per_seconds: 60 }, full, 0)
  assert.deepEqual(take.bucket, { tokens: 0, at: 0 })
})
