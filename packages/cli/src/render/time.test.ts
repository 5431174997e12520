import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, formatTime } from './time.ts'

test('durations use two units at most', () => {
  const shown = [4, 1500, 59_000, 184_000, 7_500_000, 100_000_000].map(formatDuration)
  assert.deepEqual(shown, ['0.00 s', '1.5 s', '59 s', '3 min 4 s', '2 h 5 min', '1 d 3 h'])
})

test('times are shown in UTC', () => {
  assert.equal(formatTime('2026-01-01T01:00:00.123+01:00'), '2026-01-01 00:00:00Z')
  assert.equal(formatTime(null), '')
})
