import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { calendarOf } from './calendar.ts'
import { newestTimes } from './newest-times.ts'

test('the newest times are the end of the list of all', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 100_000 }), { maxLength: 60 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 0, max: 10 }),
      (unsorted, fromMs, untilMs, count) => {
        const times = unsorted.toSorted((a, b) => a - b)
        const calendar = calendarOf({
          timeZone: 'UTC',
          next: (after) => times.find((time) => time > after) ?? null,
        })
        const all = times.filter((time) => time >= fromMs && time < untilMs)
        assert.deepEqual(
          newestTimes(calendar, { fromMs, untilMs, count }),
          all.slice(all.length - Math.min(all.length, count)),
        )
      },
    ),
    { numRuns: 2_000, seed: 41 },
  )
})
