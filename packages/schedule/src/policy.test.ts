import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPolicy, toPolicy } from './policy.ts'

test('a policy has defaults that make up for nothing and overlap nothing', () => {
  assert.deepEqual(toPolicy({}), {
    catchUp: 'none',
    catchUpWindowMs: 31_536_000_000,
    overlap: 'skip',
    jitterMs: 0,
    startsAtMs: null,
    endsAtMs: null,
  })
})

test('a policy is read as it is written', () => {
  assert.deepEqual(
    toPolicy({
      catch_up: 'all',
      catch_up_window_seconds: 60,
      overlap: 'queue_one',
      jitter_seconds: 5,
      starts_at: '2026-01-01T00:00:00+01:00',
      ends_at: null,
    }),
    {
      catchUp: 'all',
      catchUpWindowMs: 60_000,
      overlap: 'queue_one',
      jitterMs: 5_000,
      startsAtMs: Date.UTC(2025, 11, 31, 23),
      endsAtMs: null,
    },
  )
})

test('a policy that ends before it starts is refused', () => {
  const starts_at = '2026-01-02T00:00:00Z'
  assert.deepEqual(checkPolicy({ starts_at, ends_at: '2026-01-02T00:00:00Z' }), [])
  assert.deepEqual(checkPolicy({ starts_at }), [])
  assert.deepEqual(checkPolicy({ starts_at, ends_at: '2026-01-01T00:00:00Z' }), [
    { pointer: '/ends_at', message: 'must not be earlier than starts_at' },
  ])
})
