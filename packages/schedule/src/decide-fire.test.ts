import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideFire, type FireFacts } from './decide-fire.ts'
import { scheduleCalendar } from './schedule-calendar.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 1)
const at = (minutes: number): number => START + minutes * MINUTE

/** Every ten minutes; the last decision was about the time at zero. */
const fire = (facts: Partial<FireFacts> & Pick<FireFacts, 'nowMs'>) =>
  decideFire({
    calendar: scheduleCalendar(
      { cron: '*/10 * * * *' },
      { startsAtMs: null, endsAtMs: null, begunMs: START, lastEndMs: null },
    ),
    decidedUntilMs: START,
    jitterMs: 0,
    catchUp: 'none',
    catchUpWindowMs: 86_400_000,
    overlap: 'skip',
    resumedAtMs: null,
    ...facts,
  })

test('the time that an iteration has waited for is due', () => {
  assert.deepEqual(fire({ nowMs: at(10) + 5 }), {
    due: [{ plannedMs: at(10), overlap: 'skip' }],
    dropped: [],
    decidedUntilMs: at(10) + 5,
  })
})

test('a start that was put off by jitter is in time, however long that is', () => {
  const { due, decidedUntilMs } = fire({ nowMs: at(15), jitterMs: 5 * MINUTE })
  assert.deepEqual(due, [{ plannedMs: at(10), overlap: 'skip' }])
  assert.equal(decidedUntilMs, at(10))
})

test('a pause that was over before the start has made nobody miss it', () => {
  const facts = { nowMs: at(15), jitterMs: 5 * MINUTE }
  assert.equal(fire({ ...facts, resumedAtMs: at(12) }).due.length, 1)
  assert.deepEqual(fire({ nowMs: at(10) + 900, resumedAtMs: at(10) + 500 }).due, [])
})

test('all that was missed is made up for one after the other, and not skipped for the first', () => {
  const { due } = fire({ nowMs: at(30), catchUp: 'all' })
  assert.deepEqual(due, [
    { plannedMs: at(10), overlap: 'queue_all' },
    { plannedMs: at(20), overlap: 'queue_all' },
    { plannedMs: at(30), overlap: 'skip' },
  ])
  const beside = fire({ nowMs: at(30), catchUp: 'all', overlap: 'allow' }).due
  assert.deepEqual([...new Set(beside.map(({ overlap }) => overlap))], ['allow'])
})

test('what is left out is named', () => {
  assert.deepEqual(fire({ nowMs: at(35) }).dropped, [
    {
      reason: 'catch_up_none',
      count: 3,
      isCountExact: true,
      firstMs: at(10),
      lastMs: at(30),
    },
  ])
})
