import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatTime } from './format-time.ts'
import { recurrenceCalendar } from './recurrence-calendar.ts'

function first(text: string | readonly string[], count: number, timeZone?: string): string[] {
  const calendar = recurrenceCalendar([text].flat().join('\r\n'), timeZone)
  return calendar
    .between(0, Infinity, count)
    .map((time) => formatTime(time, calendar.timeZone).replace(':00+', '+').replace(':00-', '-'))
}

describe('a recurrence', () => {
  test('goes by the zone of its start, else by the one given, else by UTC', () => {
    const rule = 'RRULE:FREQ=DAILY;COUNT=1'
    assert.deepEqual(first(['DTSTART;TZID=America/New_York:20260105T090000', rule], 2), [
      '2026-01-05T09:00-05:00',
    ])
    assert.deepEqual(first(['DTSTART:20260105T090000', rule], 2, 'Asia/Tokyo'), [
      '2026-01-05T09:00+09:00',
    ])
    assert.deepEqual(first(['DTSTART:20260105T090000', rule], 2), ['2026-01-05T09:00+00:00'])
    assert.deepEqual(first(['DTSTART:20260105T090000Z', rule], 2), ['2026-01-05T09:00+00:00'])
    assert.deepEqual(first(['DTSTART;VALUE=DATE:20260105', rule], 2, 'Asia/Tokyo'), [
      '2026-01-05T00:00+09:00',
    ])
  })

  test('joins several rules and added dates, and leaves excluded ones out', () => {
    assert.deepEqual(
      first(
        [
          'DTSTART;TZID=Europe/Berlin:20260105T090000',
          'RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3',
          'RRULE:FREQ=MONTHLY;BYMONTHDAY=12;COUNT=2',
          'RDATE:20260107T120000,20260108T120000',
          'RDATE;TZID=America/New_York:20260108T120000',
          'EXDATE:20260119T090000',
          'EXDATE:20260108T110000Z',
        ],
        20,
      ),
      [
        '2026-01-05T09:00+01:00',
        '2026-01-07T12:00+01:00',
        '2026-01-08T18:00+01:00',
        '2026-01-12T09:00+01:00',
        '2026-02-12T09:00+01:00',
      ],
    )
  })

  test('reads folded lines and lower case', () => {
    assert.deepEqual(first('dtstart:20260105T090000Z\r\nrrule:freq=dai\r\n ly;count=1', 2), [
      '2026-01-05T09:00+00:00',
    ])
  })

  test('counts before anything is excluded', () => {
    assert.deepEqual(
      first(['DTSTART:20260105T090000Z', 'RRULE:FREQ=DAILY;COUNT=3', 'EXDATE:20260106T090000Z'], 9),
      ['2026-01-05T09:00+00:00', '2026-01-07T09:00+00:00'],
    )
  })

  test('ends with the moment or the day that UNTIL names', () => {
    const until = (text: string): number =>
      first(['DTSTART;TZID=Europe/Berlin:20260105T090000', `RRULE:FREQ=DAILY;UNTIL=${text}`], 99)
        .length
    assert.equal(until('20260107T080000Z'), 3)
    assert.equal(until('20260107T075959Z'), 2)
    assert.equal(until('20260107'), 3)
    assert.equal(until('20260107T090000'), 3)
  })

  test('may be nothing but dates', () => {
    assert.deepEqual(first(['DTSTART:20260105T090000Z', 'RDATE:20260301T100000Z'], 9), [
      '2026-03-01T10:00+00:00',
    ])
  })

  test('of every minute of thirty years answers at once', () => {
    const calendar = recurrenceCalendar('DTSTART:20000101T000000Z\nRRULE:FREQ=MINUTELY', undefined)
    const time = Date.UTC(2030, 5, 5, 5, 5)
    assert.equal(calendar.next(time - 1), time)
  })

  test('ends with the year 9999, which is as far as times are written', () => {
    const starts = (rule: string): string[] =>
      first(['DTSTART:20260105T090000Z', `RRULE:${rule}`], 9).map((time) => time.slice(0, 10))
    assert.deepEqual(starts('FREQ=YEARLY;INTERVAL=100000'), ['2026-01-05'])
    assert.deepEqual(starts('FREQ=YEARLY;INTERVAL=100000;COUNT=5'), ['2026-01-05'])
    assert.deepEqual(starts('FREQ=MONTHLY;INTERVAL=100000;BYMONTHDAY=31'), ['2026-01-31'])
    const weeks = ['2026-01-05', '3942-07-20', '5859-01-31', '7775-08-14', '9692-02-25']
    assert.deepEqual(starts('FREQ=WEEKLY;INTERVAL=100000'), weeks)
    assert.deepEqual(starts('FREQ=WEEKLY;INTERVAL=100000;COUNT=2000'), weeks)
  })

  test('is counted from its start, however long each one takes to come', () => {
    const days = first(
      ['DTSTART:20260105T090000Z', 'RRULE:FREQ=DAILY;BYMONTH=1;BYMONTHDAY=1;COUNT=100'],
      200,
    )
    assert.equal(days.length, 100)
    assert.deepEqual([days[0], days.at(-1)], ['2027-01-01T09:00+00:00', '2126-01-01T09:00+00:00'])
  })

  test('that is rare is found far away', () => {
    assert.deepEqual(
      first(['DTSTART:20260105T090000Z', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU'], 2),
      ['2032-02-29T09:00+00:00', '2060-02-29T09:00+00:00'],
    )
  })
})

/** Rules of the examples in RFC 5545, section 3.8.5.3, all from 2 September 1997 on. */
const examples: readonly (readonly [rule: string, days: readonly string[]])[] = [
  ['FREQ=DAILY;INTERVAL=10;COUNT=5', ['09-02', '09-12', '09-22', '10-02', '10-12']],
  ['FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', ['09-02', '09-04', '09-09', '09-11', '09-16']],
  ['FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', ['09-02', '09-04', '09-16', '09-18']],
  ['FREQ=MONTHLY;COUNT=10;BYDAY=1FR', ['09-05', '10-03', '11-07', '12-05', '01-02']],
  ['FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU', ['09-07', '09-28', '11-02', '11-30']],
  ['FREQ=MONTHLY;COUNT=6;BYDAY=-2MO', ['09-22', '10-20', '11-17', '12-22', '01-19']],
  ['FREQ=MONTHLY;BYMONTHDAY=-3', ['09-28', '10-29', '11-28', '12-29', '01-29']],
  ['FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1', ['09-30', '10-01', '10-31', '11-01', '11-30']],
  ['FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200', ['01-01', '04-09', '07-18', '01-01']],
  ['FREQ=YEARLY;BYDAY=20MO', ['05-18', '05-17', '05-15']],
  ['FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO', ['05-11', '05-17', '05-15']],
  ['FREQ=YEARLY;BYMONTH=3;BYDAY=TH', ['03-05', '03-12', '03-19', '03-26', '03-04']],
  ['FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13', ['02-13', '03-13', '11-13', '08-13', '10-13']],
  ['FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8', ['11-04', '11-06']],
  ['FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', ['09-04', '10-07', '11-06']],
  ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2', ['09-29', '10-30', '11-27', '12-30']],
]
describe('RFC 5545 by its own examples', () => {
  for (const [rule, days] of examples)
    test(rule, () => {
      const start = 'DTSTART;TZID=America/New_York:19970902T090000'
      const found = first([start, `RRULE:${rule}`], days.length)
      assert.deepEqual(
        found.map((time) => time.slice(5, 10)),
        days,
      )
      assert.ok(found.every((time) => time.slice(10).startsWith('T09:00')))
    })

  test('hours and minutes', () => {
    const start = 'DTSTART;TZID=America/New_York:19970902T090000'
    const clocks = (rule: string): string[] =>
      first([start, `RRULE:${rule}`], 5).map((time) => time.slice(8, 16))
    assert.deepEqual(clocks('FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T210000Z'), [
      '02T09:00',
      '02T12:00',
      '02T15:00',
    ])
    assert.deepEqual(clocks('FREQ=MINUTELY;INTERVAL=90;COUNT=4'), [
      '02T09:00',
      '02T10:30',
      '02T12:00',
      '02T13:30',
    ])
    assert.deepEqual(clocks('FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20,40'), [
      '02T09:00',
      '02T09:20',
      '02T09:40',
      '02T10:00',
      '02T10:20',
    ])
    assert.deepEqual(clocks('FREQ=MINUTELY;INTERVAL=20;BYHOUR=16'), [
      '02T16:00',
      '02T16:20',
      '02T16:40',
      '03T16:00',
      '03T16:20',
    ])
  })
})

test('what cannot be read is refused in a sentence', () => {
  const start = 'DTSTART:20260105T090000Z'
  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ['', /must have one DTSTART line/],
    [`${start}\n${start}\nRRULE:FREQ=DAILY`, /must have one DTSTART line/],
    [start, /must have an RRULE or RDATE line/],
    ['DTSTART:20260105T090000Z,20260106T090000Z\nRRULE:FREQ=DAILY', /must have one date/],
    ['DTSTART:20260230T090000\nRRULE:FREQ=DAILY', /DTSTART has "20260230T090000"; dates look/],
    ['DTSTART:tomorrow\nRRULE:FREQ=DAILY', /dates look like/],
    ['DTSTART:20260105\nRRULE:FREQ=DAILY', /needs VALUE=DATE/],
    ['DTSTART;VALUE=DATE:20260105T090000\nRRULE:FREQ=DAILY', /has a time in a DATE/],
    ['DTSTART;TZID=Mars/Base:20260105T090000\nRRULE:FREQ=DAILY', /the time zone Mars\/Base/],
    ['DTSTART;TZID=Europe/Berlin:20260105T090000Z\nRRULE:FREQ=DAILY', /both TZID and a time/],
    [`${start}\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20260106`, /EXDATE must have times/],
    [`${start}\nRDATE;VALUE=PERIOD:20260106T090000Z/PT1H`, /VALUE=PERIOD, which is not supported/],
    [`${start}\nEXRULE:FREQ=DAILY`, /EXRULE is not supported; list the dates in EXDATE/],
    [`${start}\nSUMMARY:Meeting`, /SUMMARY is not read here/],
    [`${start}\nFREQ=DAILY`, /"FREQ=DAILY" is not read here/],
    [`${start}\nRRULE:INTERVAL=2`, /must have FREQ/],
    [`${start}\nRRULE:FREQ=SOMETIMES`, /FREQ=SOMETIMES; it must be one of YEARLY/],
    [`${start}\nRRULE:FREQ=DAILY;FREQ=DAILY`, /has FREQ twice/],
    [`${start}\nRRULE:FREQ=DAILY;INTERVAL=0`, /INTERVAL=0; it must be 1 to/],
    [`${start}\nRRULE:FREQ=DAILY;INTERVAL=1,2`, /INTERVAL=1,2; it must be/],
    [`${start}\nRRULE:FREQ=DAILY;COUNT=2001`, /COUNT=2001; it must be 1 to 2000/],
    [
      `${start}\n${'RRULE:FREQ=DAILY;COUNT=500\n'.repeat(5)}`,
      /COUNT 2500 times together; 2000 are accepted.*UNTIL/,
    ],
    [`${start}\nRRULE:FREQ=DAILY;BYHOUR=24`, /BYHOUR=24; it must be numbers from 0 to 23/],
    [`${start}\nRRULE:FREQ=DAILY;BYHOUR=`, /BYHOUR=; it must be/],
    [`${start}\nRRULE:FREQ=MONTHLY;BYMONTHDAY=0`, /BYMONTHDAY=0; it must be/],
    [`${start}\nRRULE:FREQ=MONTHLY;BYDAY=XX`, /BYDAY=XX; it must be weekdays/],
    [`${start}\nRRULE:FREQ=WEEKLY;BYDAY=1MO`, /a number before a weekday/],
    [`${start}\nRRULE:FREQ=WEEKLY;BYMONTHDAY=1`, /does not go with FREQ=WEEKLY/],
    [`${start}\nRRULE:FREQ=DAILY;BYWEEKNO=1`, /needs FREQ=YEARLY/],
    [`${start}\nRRULE:FREQ=DAILY;BYYEARDAY=1`, /does not go with FREQ=DAILY/],
    [`${start}\nRRULE:FREQ=DAILY;BYSETPOS=1`, /needs another BY/],
    [`${start}\nRRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101`, /has COUNT and UNTIL/],
    [`${start}\nRRULE:FREQ=DAILY;UNTIL=never`, /UNTIL=NEVER; it looks like/],
    [`${start}\nRRULE:FREQ=DAILY;RSCALE=HEBREW`, /RSCALE, which is not supported/],
    [`${start}\nRRULE:FREQ=DAILY;BYEASTER=0`, /the unknown part BYEASTER/],
    [`${start}\nRRULE:FREQ=DAILY;UNTIL=20200101T000000Z`, /never fires/],
    [`${start}\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30`, /never fires/],
    [`${start}\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3`, /never fires/],
    [`${start}\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3`, /never fires/],
    [`${start}\nRRULE:FREQ=DAILY;COUNT=1\nEXDATE:20260105T090000Z`, /never fires/],
    [`${start}\n${'RRULE:FREQ=DAILY\n'.repeat(21)}`, /more than 20 RRULE lines/],
    [
      `${start}\nRDATE:${new Array(1_001).fill('20260106T090000Z').join(',')}`,
      /more than 1000 dates/,
    ],
    [`${start}\n${' '.repeat(33_000)}`, /longer than 32768/],
  ]
  for (const [text, message] of refused)
    assert.throws(
      () => recurrenceCalendar(text, undefined),
      (error: unknown) => error instanceof RangeError && message.test(error.message),
      text.slice(0, 120),
    )
})
