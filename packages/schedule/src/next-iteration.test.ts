import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextIteration, type IterationFacts } from './next-iteration.ts'
import { scheduleCalendar } from './schedule-calendar.ts'
import type { Timing } from './timing.ts'

const START = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000

function next(
  timing: Timing,
  facts: Partial<IterationFacts> & { endsAtMs?: number; lastEndMs?: number } = {},
) {
  const { endsAtMs = null, lastEndMs = null, ...more } = facts
  return nextIteration({
    scheduleId: 'schedule',
    calendar: scheduleCalendar(timing, { startsAtMs: null, endsAtMs, begunMs: START, lastEndMs }),
    decidedUntilMs: START,
    jitterMs: 0,
    notBeforeMs: null,
    running: [],
    ...more,
  })
}

test('an iteration starts at the next time that is not decided yet', () => {
  const time = { kind: 'time', plannedMs: START + HOUR, startMs: START + HOUR, jitterMs: 0 }
  assert.deepEqual(next({ cron: '@hourly' }), time)
  assert.deepEqual(next({ interval_seconds: 3_600 }), time)
})

test('jitter puts the start off, never to the time after it', () => {
  const planned = next({ cron: '@hourly' }, { jitterMs: 86_400_000 })
  assert.ok(planned.kind === 'time')
  assert.equal(planned.plannedMs, START + HOUR)
  assert.equal(planned.startMs, planned.plannedMs + planned.jitterMs)
  assert.ok(planned.jitterMs > 0 && planned.jitterMs < HOUR, String(planned.jitterMs))
  assert.deepEqual(next({ cron: '@hourly' }, { jitterMs: 86_400_000 }), planned)
})

test('after a failure it starts later, and is still about its own time', () => {
  const late = next({ cron: '@hourly' }, { notBeforeMs: START + 2 * HOUR })
  assert.deepEqual(late, {
    kind: 'time',
    plannedMs: START + HOUR,
    startMs: START + 2 * HOUR,
    jitterMs: 0,
  })
})

test('an interval from the end waits for what runs, then counts from its end', () => {
  const timing = { interval_seconds: 3_600, anchor: 'end' } as const
  assert.deepEqual(next(timing, { running: ['x'] }), { kind: 'ends', executionIds: ['x'] })
  const after = next(timing, { lastEndMs: START + HOUR / 2 })
  assert.ok(after.kind === 'time')
  assert.equal(after.plannedMs, START + HOUR * 1.5)
  // Any other timing does not ask who runs.
  assert.equal(next({ cron: '@hourly' }, { running: ['x'] }).kind, 'time')
})

test('a schedule without another time has come to its end', () => {
  assert.deepEqual(next({ cron: '@hourly' }, { endsAtMs: START + 1 }), { kind: 'finished' })
})
