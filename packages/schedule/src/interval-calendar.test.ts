import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCalendar } from './create-calendar.ts'

const minute = { interval_seconds: 60 } as const

test('an interval counts from the start of the schedule, without drift', () => {
  const calendar = createCalendar(minute, { startMs: 1_234, lastEndMs: 99_999 })
  assert.deepEqual(calendar.between(0, 200_000, 9), [1_234, 61_234, 121_234, 181_234])
  assert.equal(calendar.next(1_234), 61_234)
  assert.equal(calendar.next(1_234 + 60_000 * 1_000_000 - 1), 1_234 + 60_000 * 1_000_000)
})

test('an interval from ends begins at the start and then counts from each end', () => {
  const timing = { ...minute, anchor: 'end' } as const
  assert.equal(createCalendar(timing, { startMs: 1_234, lastEndMs: null }).next(0), 1_234)
  const calendar = createCalendar(timing, { startMs: 1_234, lastEndMs: 5_000 })
  assert.equal(calendar.next(5_000), 65_000)
  assert.equal(calendar.next(65_000), 125_000)
})
