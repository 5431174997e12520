import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCalendar } from './create-calendar.ts'
import { formatTime } from './format-time.ts'
import type { Timing } from './timing.ts'

/** What a timing fires at, as its own clocks show it, from one moment on and before another. */
function times(timing: Timing, from: string, until: string): string[] {
  const calendar = createCalendar(timing, { startMs: Date.parse(from), lastEndMs: null })
  return calendar
    .between(Date.parse(from), Date.parse(until), 1_000)
    .map((time) => formatTime(time, timing.time_zone ?? 'UTC'))
}

interface Trap {
  readonly name: string
  readonly cron: string
  readonly zone: string
  readonly from: string
  readonly until: string
  readonly fires: readonly string[]
}

const traps: readonly Trap[] = [
  {
    name: 'Berlin springs forward: 02:30 is made up for at 03:00',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T00:00Z',
    until: '2026-03-31T00:00Z',
    fires: ['2026-03-28T02:30:00+01:00', '2026-03-29T03:00:00+02:00', '2026-03-30T02:30:00+02:00'],
  },
  {
    name: 'Berlin springs forward: many skipped times are one run, also with 03:00 itself',
    cron: '0,10,20 2,3 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-29T00:00Z',
    until: '2026-03-29T12:00Z',
    fires: ['2026-03-29T03:00:00+02:00', '2026-03-29T03:10:00+02:00', '2026-03-29T03:20:00+02:00'],
  },
  {
    name: 'Berlin springs forward: every half hour goes on',
    cron: '*/30 * * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-29T00:00Z',
    until: '2026-03-29T02:00Z',
    fires: [
      '2026-03-29T01:00:00+01:00',
      '2026-03-29T01:30:00+01:00',
      '2026-03-29T03:00:00+02:00',
      '2026-03-29T03:30:00+02:00',
    ],
  },
  {
    name: 'Berlin springs forward: every hour at 45 has no run more',
    cron: '45 * * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-29T00:00Z',
    until: '2026-03-29T02:00Z',
    fires: ['2026-03-29T01:45:00+01:00', '2026-03-29T03:45:00+02:00'],
  },
  {
    name: 'Berlin springs forward: every second hour makes up for the one that is skipped',
    cron: '0 */2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-28T23:00Z',
    until: '2026-03-29T03:00Z',
    fires: ['2026-03-29T00:00:00+01:00', '2026-03-29T03:00:00+02:00', '2026-03-29T04:00:00+02:00'],
  },
  {
    name: 'Berlin springs forward: the minutes of a skipped hour are one run',
    cron: '*/5 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-03-29T00:00Z',
    until: '2026-03-29T12:00Z',
    fires: ['2026-03-29T03:00:00+02:00'],
  },
  {
    name: 'Berlin falls back: 02:30 runs the first time only',
    cron: '30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-25T00:00Z',
    until: '2026-10-26T12:00Z',
    fires: ['2026-10-25T02:30:00+02:00', '2026-10-26T02:30:00+01:00'],
  },
  {
    name: 'Berlin falls back: a list of hours runs each the first time',
    cron: '0 1,2,3 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-24T22:00Z',
    until: '2026-10-25T12:00Z',
    fires: ['2026-10-25T01:00:00+02:00', '2026-10-25T02:00:00+02:00', '2026-10-25T03:00:00+01:00'],
  },
  {
    name: 'Berlin falls back: every half hour goes through both hours',
    cron: '*/30 * * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-25T00:00Z',
    until: '2026-10-25T02:00Z',
    fires: [
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T02:30:00+01:00',
    ],
  },
  {
    name: 'Berlin falls back: every half hour of one date goes through both hours',
    cron: '*/30 2 25 10 *',
    zone: 'Europe/Berlin',
    from: '2026-01-01T00:00Z',
    until: '2027-01-01T00:00Z',
    fires: [
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T02:30:00+01:00',
    ],
  },
  {
    name: 'Berlin falls back: every half minute of a minute comes with both of them',
    cron: '*/30 30 2 * * *',
    zone: 'Europe/Berlin',
    from: '2026-10-25T00:00Z',
    until: '2026-10-25T12:00Z',
    fires: [
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:30:30+02:00',
      '2026-10-25T02:30:00+01:00',
      '2026-10-25T02:30:30+01:00',
    ],
  },
  {
    name: 'New York springs forward: a whole skipped list of minutes is one run at 03:00',
    cron: '0,30 2 * * SUN',
    zone: 'America/New_York',
    from: '2026-03-01T00:00Z',
    until: '2026-03-16T00:00Z',
    fires: [
      '2026-03-01T02:00:00-05:00',
      '2026-03-01T02:30:00-05:00',
      '2026-03-08T03:00:00-04:00',
      '2026-03-15T02:00:00-04:00',
      '2026-03-15T02:30:00-04:00',
    ],
  },
  {
    name: 'New York falls back: 01:15 once, the next day as ever',
    cron: '15 1 * * *',
    zone: 'America/New_York',
    from: '2026-11-01T00:00Z',
    until: '2026-11-03T00:00Z',
    fires: ['2026-11-01T01:15:00-04:00', '2026-11-02T01:15:00-05:00'],
  },
  {
    name: 'Lord Howe skips half an hour: 02:15 is 02:30, 02:45 stays',
    cron: '15,45 2 * * *',
    zone: 'Australia/Lord_Howe',
    from: '2026-10-03T12:00Z',
    until: '2026-10-04T12:00Z',
    fires: ['2026-10-04T02:30:00+11:00', '2026-10-04T02:45:00+11:00'],
  },
  {
    name: 'Lord Howe repeats half an hour: 01:45 once, 01:15 is not repeated at all',
    cron: '15,45 1 * * *',
    zone: 'Australia/Lord_Howe',
    from: '2026-04-04T12:00Z',
    until: '2026-04-05T12:00Z',
    fires: ['2026-04-05T01:15:00+11:00', '2026-04-05T01:45:00+11:00'],
  },
  {
    name: 'Lord Howe repeats half an hour: every quarter goes on',
    cron: '*/15 1 * * *',
    zone: 'Australia/Lord_Howe',
    from: '2026-04-04T12:00Z',
    until: '2026-04-05T12:00Z',
    fires: [
      '2026-04-05T01:00:00+11:00',
      '2026-04-05T01:15:00+11:00',
      '2026-04-05T01:30:00+11:00',
      '2026-04-05T01:45:00+11:00',
      '2026-04-05T01:30:00+10:30',
      '2026-04-05T01:45:00+10:30',
    ],
  },
  {
    name: 'Apia has no 30 December 2011: its run is made up for at the midnight after it',
    cron: '0 9 * * *',
    zone: 'Pacific/Apia',
    from: '2011-12-29T12:00Z',
    until: '2011-12-31T00:00Z',
    fires: ['2011-12-29T09:00:00-10:00', '2011-12-31T00:00:00+14:00', '2011-12-31T09:00:00+14:00'],
  },
  {
    name: 'Apia has no 30 December 2011: every hour of it is no hour',
    cron: '0 * 30 12 *',
    zone: 'Pacific/Apia',
    from: '2011-12-01T00:00Z',
    until: '2012-02-01T00:00Z',
    fires: [],
  },
  {
    name: 'Casablanca goes back for Ramadan and forward after it',
    cron: '30 2 * * *',
    zone: 'Africa/Casablanca',
    from: '2024-04-13T00:00Z',
    until: '2024-04-16T00:00Z',
    fires: ['2024-04-13T02:30:00+00:00', '2024-04-14T03:00:00+01:00', '2024-04-15T02:30:00+01:00'],
  },
  {
    name: 'Casablanca repeats 02:30 when Ramadan begins',
    cron: '30 2 * * *',
    zone: 'Africa/Casablanca',
    from: '2024-03-10T00:00Z',
    until: '2024-03-11T12:00Z',
    fires: ['2024-03-10T02:30:00+01:00', '2024-03-11T02:30:00+00:00'],
  },
  {
    name: 'Kathmandu is a quarter of an hour off and never changes',
    cron: '0 0 * * *',
    zone: 'Asia/Kathmandu',
    from: '2026-03-28T00:00Z',
    until: '2026-03-30T00:00Z',
    fires: ['2026-03-29T00:00:00+05:45', '2026-03-30T00:00:00+05:45'],
  },
  {
    name: 'Sao Paulo skipped midnight: the daily run is at 01:00 of the same day',
    cron: '0 0 * * *',
    zone: 'America/Sao_Paulo',
    from: '2018-11-03T12:00Z',
    until: '2018-11-05T12:00Z',
    fires: ['2018-11-04T01:00:00-02:00', '2018-11-05T00:00:00-02:00'],
  },
  {
    name: 'Sao Paulo repeated the last hour of a day: 23:30 once',
    cron: '30 23 * * *',
    zone: 'America/Sao_Paulo',
    from: '2018-02-17T12:00Z',
    until: '2018-02-19T12:00Z',
    fires: ['2018-02-17T23:30:00-02:00', '2018-02-18T23:30:00-03:00'],
  },
  {
    name: 'Sao Paulo gave it up in 2019',
    cron: '0 0 * * *',
    zone: 'America/Sao_Paulo',
    from: '2019-11-02T12:00Z',
    until: '2019-11-04T12:00Z',
    fires: ['2019-11-03T00:00:00-03:00', '2019-11-04T00:00:00-03:00'],
  },
  {
    name: 'Tehran skipped midnight on 22 March 2022, for the last time',
    cron: '15 0 22 3 *',
    zone: 'Asia/Tehran',
    from: '2021-12-01T00:00Z',
    until: '2023-12-01T00:00Z',
    fires: ['2022-03-22T01:00:00+04:30', '2023-03-22T00:15:00+03:30'],
  },
  {
    name: 'UTC changes nothing',
    cron: '30 2 * * *',
    zone: 'UTC',
    from: '2026-03-29T00:00Z',
    until: '2026-03-30T12:00Z',
    fires: ['2026-03-29T02:30:00+00:00', '2026-03-30T02:30:00+00:00'],
  },
  {
    name: 'Troll jumps two hours: 01:30 and 02:30 are one run at 03:00',
    cron: '30 1,2 * * *',
    zone: 'Antarctica/Troll',
    from: '2026-03-29T00:00Z',
    until: '2026-03-29T12:00Z',
    fires: ['2026-03-29T03:00:00+02:00'],
  },
  {
    name: 'Troll goes back two hours: 01:00 and 02:00 run once each',
    cron: '0 1,2 * * *',
    zone: 'Antarctica/Troll',
    from: '2026-10-24T22:00Z',
    until: '2026-10-25T12:00Z',
    fires: ['2026-10-25T01:00:00+02:00', '2026-10-25T02:00:00+02:00'],
  },
  {
    name: 'Troll goes back two hours: a star repeats them',
    cron: '0 * * * *',
    zone: 'Antarctica/Troll',
    from: '2026-10-24T23:00Z',
    until: '2026-10-25T04:00Z',
    fires: [
      '2026-10-25T01:00:00+02:00',
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T01:00:00+00:00',
      '2026-10-25T02:00:00+00:00',
      '2026-10-25T03:00:00+00:00',
    ],
  },
]

describe('cron when clocks change', () => {
  for (const { name, cron, zone, from, until, fires } of traps)
    test(name, () => {
      assert.deepEqual(times({ cron, time_zone: zone }, from, until), fires)
    })
})

describe('an interval when clocks change', () => {
  test('goes on by real time', () => {
    assert.deepEqual(
      times(
        { interval_seconds: 3_600, time_zone: 'Europe/Berlin' },
        '2026-10-24T23:30Z',
        '2026-10-25T03:00Z',
      ),
      [
        '2026-10-25T01:30:00+02:00',
        '2026-10-25T02:30:00+02:00',
        '2026-10-25T02:30:00+01:00',
        '2026-10-25T03:30:00+01:00',
      ],
    )
  })
})

describe('a recurrence when clocks change', () => {
  const rule = (text: string): Timing => ({
    rrule: `DTSTART:20260101T023000\nRRULE:${text}`,
    time_zone: 'Europe/Berlin',
  })

  test('makes up for a skipped day, and keeps its time of day after it', () => {
    assert.deepEqual(times(rule('FREQ=DAILY'), '2026-03-28T00:00Z', '2026-03-31T00:00Z'), [
      '2026-03-28T02:30:00+01:00',
      '2026-03-29T03:00:00+02:00',
      '2026-03-30T02:30:00+02:00',
    ])
  })

  test('runs once at a time that comes twice', () => {
    assert.deepEqual(
      times(rule('FREQ=WEEKLY;BYDAY=SU'), '2026-10-20T00:00Z', '2026-11-02T00:00Z'),
      ['2026-10-25T02:30:00+02:00', '2026-11-01T02:30:00+01:00'],
    )
  })

  test('of half hours that ends in the repeated hour goes through both of them', () => {
    const timing: Timing = {
      rrule: 'DTSTART:20261025T020000\nRRULE:FREQ=MINUTELY;INTERVAL=30;COUNT=2',
      time_zone: 'Europe/Berlin',
    }
    assert.deepEqual(times(timing, '2026-10-24T00:00Z', '2026-10-26T00:00Z'), [
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T02:30:00+01:00',
    ])
  })

  test('goes on every hour when it says every hour', () => {
    assert.deepEqual(times(rule('FREQ=HOURLY'), '2026-10-25T00:00Z', '2026-10-25T03:00Z'), [
      '2026-10-25T02:30:00+02:00',
      '2026-10-25T02:30:00+01:00',
      '2026-10-25T03:30:00+01:00',
    ])
    assert.deepEqual(times(rule('FREQ=HOURLY'), '2026-03-29T00:00Z', '2026-03-29T03:00Z'), [
      '2026-03-29T01:30:00+01:00',
      '2026-03-29T03:30:00+02:00',
      '2026-03-29T04:30:00+02:00',
    ])
  })
})
