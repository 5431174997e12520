import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planBackfill } from './backfill.ts'
import { within } from './calendar.ts'
import { createCalendar } from './create-calendar.ts'
import { formatTime } from './format-time.ts'
import { preview } from './preview.ts'
import type { Timing } from './timing.ts'

const NO_ANCHORS = { startMs: 0, lastEndMs: null }
const shown = (
  timing: Timing,
  after: string,
  count: number,
): (readonly [string, string | null])[] =>
  preview(createCalendar(timing, NO_ANCHORS), Date.parse(after), count).map(
    ({ at, note }) => [at, note] as const,
  )

describe('a preview', () => {
  const berlin = { time_zone: 'Europe/Berlin' }

  test('says of a time that does not exist when it runs', () => {
    assert.deepEqual(shown({ cron: '30 2 * * *', ...berlin }, '2027-03-27T00:00Z', 3), [
      ['2027-03-27T02:30:00+01:00', null],
      [
        '2027-03-28T03:00:00+02:00',
        '02:30 does not exist on 2027-03-28: clocks go from 02:00 to 03:00; runs at 03:00',
      ],
      ['2027-03-29T02:30:00+02:00', null],
    ])
  })

  test('says nothing of a time that exists, next to one that does not or comes twice', () => {
    assert.deepEqual(shown({ cron: '0 3 * * *', ...berlin }, '2027-03-28T00:00Z', 1), [
      ['2027-03-28T03:00:00+02:00', null],
    ])
    assert.deepEqual(shown({ cron: '0,59 1,3 * * *', ...berlin }, '2027-10-30T22:00Z', 3), [
      ['2027-10-31T01:00:00+02:00', null],
      ['2027-10-31T01:59:00+02:00', null],
      ['2027-10-31T03:00:00+01:00', null],
    ])
  })

  test('says of a time that comes twice that it runs once', () => {
    assert.deepEqual(shown({ cron: '30 2 * * *', ...berlin }, '2027-10-30T12:00Z', 2), [
      [
        '2027-10-31T02:30:00+02:00',
        '02:30 comes twice on 2027-10-31: clocks go back from 03:00 to 02:00; runs once, the first time',
      ],
      ['2027-11-01T02:30:00+01:00', null],
    ])
  })

  test('tells the first from the second where a rule goes through both', () => {
    const twice = '02:00 comes twice on 2027-10-31: clocks go back from 03:00 to 02:00; this is the'
    assert.deepEqual(shown({ cron: '0 * * * *', ...berlin }, '2027-10-30T23:00Z', 4), [
      ['2027-10-31T02:00:00+02:00', `${twice} first time`],
      ['2027-10-31T02:00:00+01:00', `${twice} second time`],
      ['2027-10-31T03:00:00+01:00', null],
      ['2027-10-31T04:00:00+01:00', null],
    ])
  })

  test('names the day where a whole one is skipped', () => {
    assert.deepEqual(
      shown({ cron: '0 9 30 12 *', time_zone: 'Pacific/Apia' }, '2011-01-01T00:00Z', 1),
      [
        [
          '2011-12-31T00:00:00+14:00',
          '09:00 does not exist on 2011-12-30: clocks go from 00:00 to 00:00 on 2011-12-31; runs at 00:00 on 2011-12-31',
        ],
      ],
    )
  })

  test('names the day where the clocks go back over midnight', () => {
    assert.deepEqual(
      shown({ cron: '30 23 * * *', time_zone: 'America/Sao_Paulo' }, '2018-02-17T12:00Z', 1),
      [
        [
          '2018-02-17T23:30:00-02:00',
          '23:30 comes twice on 2018-02-17: clocks go back from 00:00 to 23:00 on 2018-02-17; runs once, the first time',
        ],
      ],
    )
  })

  test('has notes for recurrences, and none for intervals', () => {
    const rrule = 'DTSTART;TZID=Europe/Berlin:20270101T023000\nRRULE:FREQ=DAILY'
    assert.match(shown({ rrule }, '2027-03-28T00:00Z', 1)[0]?.[1] ?? '', /does not exist/)
    assert.deepEqual(shown({ interval_seconds: 3_600, ...berlin }, '2027-10-31T00:00Z', 1), [
      ['2027-10-31T02:00:00+01:00', null],
    ])
  })

  test('says what is a guess where an interval counts from ends', () => {
    const later = 'at the earliest: it counts from the end of the run before it'
    assert.deepEqual(shown({ interval_seconds: 60, anchor: 'end' }, '2027-01-01T00:00Z', 2), [
      ['2027-01-01T00:01:00+00:00', null],
      ['2027-01-01T00:02:00+00:00', later],
    ])
  })

  test('ends where the schedule does', () => {
    const calendar = within(createCalendar({ cron: '0 9 * * *' }, NO_ANCHORS), {
      fromMs: Date.parse('2027-01-02T09:00Z'),
      toMs: Date.parse('2027-01-04T09:00Z'),
    })
    assert.deepEqual(
      preview(calendar, 0, 10).map(({ at }) => at),
      ['2027-01-02T09:00:00+00:00', '2027-01-03T09:00:00+00:00', '2027-01-04T09:00:00+00:00'],
    )
  })
})

test('a moment is shown with the distance from UTC that its clocks have', () => {
  assert.equal(formatTime(0, 'UTC'), '1970-01-01T00:00:00+00:00')
  assert.equal(formatTime(1, 'Asia/Kathmandu'), '1970-01-01T05:30:00.001+05:30')
  assert.equal(formatTime(0, 'America/St_Johns'), '1969-12-31T20:30:00-03:30')
  assert.equal(formatTime(Date.UTC(1971, 0), 'Africa/Monrovia'), '1971-01-01T00:00:00.000Z')
})

describe('a backfill', () => {
  const calendar = createCalendar({ cron: '0 9 * * *' }, NO_ANCHORS)
  const nowMs = Date.parse('2027-02-01T00:00Z')
  const facts = {
    calendar,
    nowMs,
    fromMs: Date.parse('2027-01-02T09:00Z'),
    toMs: Date.parse('2027-01-04T09:00Z'),
  }

  test('has every time of its range, the ends included', () => {
    const plan = planBackfill(facts)
    assert.ok(plan.kind === 'plan')
    assert.deepEqual(
      plan.times.map(({ at }) => at.slice(0, 10)),
      ['2027-01-02', '2027-01-03', '2027-01-04'],
    )
    assert.equal(plan.continueFromMs, null)
  })

  test('says where to go on when there are more than its limit', () => {
    const plan = planBackfill({ ...facts, limit: 2 })
    assert.ok(plan.kind === 'plan')
    assert.deepEqual([plan.times.length, plan.continueFromMs], [2, facts.toMs])
  })

  test('is refused for the future, for a range that ends before it begins, and without times', () => {
    const problems = (change: object): unknown => {
      const plan = planBackfill({ ...facts, ...change })
      return plan.kind === 'refused' && plan.problems.map(({ pointer }) => pointer)
    }
    assert.deepEqual(problems({ toMs: nowMs + 1 }), ['/to'])
    assert.deepEqual(problems({ fromMs: nowMs }), ['/from'])
    const timing: Timing = { interval_seconds: 60, anchor: 'end' }
    assert.deepEqual(problems({ calendar: createCalendar(timing, NO_ANCHORS) }), [''])
  })
})
