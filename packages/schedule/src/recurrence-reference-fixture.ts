/// <reference lib="esnext.temporal" />
import fc from 'fast-check'
import type { Reading, ReferenceRule } from './wall-clock-fixture.ts'

/** Any recurrence of one rule together with what it means for the readings of a clock. */
export const anyRecurrence: fc.Arbitrary<ReferenceRule> = fc
  .record({
    day: fc.integer({ min: 0, max: 365 }),
    hour: fc.oneof(fc.constantFrom(0, 1, 2, 3, 23), fc.integer({ min: 0, max: 23 })),
    minute: fc.constantFrom(0, 15, 30, 45, 59),
  })
  .chain(({ day, hour, minute }) => {
    const start = Temporal.PlainDateTime.from('2004-01-01')
      .add({ days: day })
      .with({ hour, minute })
    return fc.oneof(
      { weight: 3, arbitrary: daily(start) },
      { weight: 2, arbitrary: weekly(start) },
      { weight: 3, arbitrary: monthly(start) },
      { weight: 1, arbitrary: yearly(start) },
      { weight: 3, arbitrary: subDaily(start) },
    )
  })

type Start = Temporal.PlainDateTime
type Matches = (reading: Reading) => boolean

interface Part {
  readonly text: string
  readonly matches: Matches
}

function ruleOf(
  start: Start,
  parts: readonly Part[],
  kind: { readonly repeats: boolean; readonly makesUp: boolean } = {
    repeats: false,
    makesUp: true,
  },
): ReferenceRule {
  const basic = start.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '')
  return {
    text: `DTSTART:${basic}\nRRULE:${parts.map(({ text }) => text).join(';')}`,
    matches: (reading) =>
      minutesBetween(start, reading) >= 0 && parts.every(({ matches }) => matches(reading)),
    stepSeconds: 60,
    ...kind,
  }
}

const interval = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(1), fc.integer({ min: 1, max }))

/** The times of day: those of the start, or lists. */
function timeOfDay(start: Start): fc.Arbitrary<Part> {
  const hours = fc.uniqueArray(fc.constantFrom(0, 1, 2, 3, 4, 12, 23), {
    minLength: 1,
    maxLength: 3,
  })
  const minutes = fc.uniqueArray(fc.constantFrom(0, 10, 30, 59), { minLength: 1, maxLength: 3 })
  return fc
    .tuple(fc.option(hours, { nil: null }), fc.option(minutes, { nil: null }))
    .map(([hourList, minuteList]) => ({
      text: [
        ...(hourList === null ? [] : [`BYHOUR=${hourList.join(',')}`]),
        ...(minuteList === null ? [] : [`BYMINUTE=${minuteList.join(',')}`]),
      ].join(';'),
      matches: ({ hour, minute }) =>
        (hourList ?? [start.hour]).includes(hour) &&
        (minuteList ?? [start.minute]).includes(minute),
    }))
}

const named = (parts: readonly Part[]): readonly Part[] => parts.filter(({ text }) => text !== '')

/** A part without text still has a meaning: it goes with the first. */
function joined(first: Part, others: readonly Part[]): readonly Part[] {
  const silent = others.filter(({ text }) => text === '')
  return [
    {
      text: first.text,
      matches: (reading) => first.matches(reading) && silent.every((part) => part.matches(reading)),
    },
    ...named(others),
  ]
}

function daily(start: Start): fc.Arbitrary<ReferenceRule> {
  return fc.tuple(interval(9), timeOfDay(start)).map(([every, time]) =>
    ruleOf(
      start,
      joined(
        {
          text: `FREQ=DAILY;INTERVAL=${every}`,
          matches: (reading) => daysBetween(start, reading) % every === 0,
        },
        [time],
      ),
    ),
  )
}

function weekly(start: Start): fc.Arbitrary<ReferenceRule> {
  const days = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 })
  return fc.tuple(interval(4), days, timeOfDay(start)).map(([every, list, time]) => {
    const monday = start.subtract({ days: start.dayOfWeek - 1 })
    return ruleOf(
      start,
      joined(
        {
          text: `FREQ=WEEKLY;INTERVAL=${every};BYDAY=${list.map((day) => WEEKDAYS[day - 1]).join(',')}`,
          matches: (reading) =>
            list.includes(reading.dayOfWeek) &&
            Math.floor(daysBetween(monday, reading) / 7) % every === 0,
        },
        [time],
      ),
    )
  })
}

function monthly(start: Start): fc.Arbitrary<ReferenceRule> {
  return fc.tuple(interval(5), dayInMonth(start), timeOfDay(start)).map(([every, day, time]) =>
    ruleOf(
      start,
      joined(
        {
          text: `FREQ=MONTHLY;INTERVAL=${every}`,
          matches: (reading) => monthsBetween(start, reading) % every === 0,
        },
        [day, time],
      ),
    ),
  )
}

function yearly(start: Start): fc.Arbitrary<ReferenceRule> {
  const months = fc.uniqueArray(fc.constantFrom<number[]>(2, 3, 4, 9, 10, 11, 12), {
    minLength: 1,
    maxLength: 3,
  })
  return fc
    .tuple(interval(3), months, dayInMonth(start), timeOfDay(start))
    .map(([every, list, day, time]) =>
      ruleOf(
        start,
        joined(
          {
            text: `FREQ=YEARLY;INTERVAL=${every};BYMONTH=${list.join(',')}`,
            matches: (reading) =>
              (reading.year - start.year) % every === 0 && list.includes(reading.month),
          },
          [day, time],
        ),
      ),
    )
}

/** Which day of a month: the start's, a number, a weekday by number, or the last workday. */
function dayInMonth(start: Start): fc.Arbitrary<Part> {
  const number = fc.oneof(fc.integer({ min: 1, max: 31 }), fc.integer({ min: -31, max: -1 }))
  const nth = fc.constantFrom(1, 2, 3, 4, 5, -1, -2)
  return fc.oneof(
    fc.constant<Part>({ text: '', matches: ({ day }) => day === start.day }),
    number.map((day): Part => ({
      text: `BYMONTHDAY=${day}`,
      matches: (reading) => reading.day === (day > 0 ? day : reading.daysInMonth + 1 + day),
    })),
    fc.tuple(nth, fc.integer({ min: 1, max: 7 })).map(([which, weekday]): Part => ({
      text: `BYDAY=${which}${WEEKDAYS[weekday - 1]}`,
      matches: (reading) =>
        reading.dayOfWeek === weekday &&
        (which > 0
          ? Math.ceil(reading.day / 7) === which
          : Math.ceil((reading.daysInMonth - reading.day + 1) / 7) === -which),
    })),
  )
}

function subDaily(start: Start): fc.Arbitrary<ReferenceRule> {
  const minutes = fc.uniqueArray(fc.constantFrom(0, 10, 30, 59), { minLength: 1, maxLength: 3 })
  return fc.oneof(
    fc.tuple(interval(30), fc.option(minutes, { nil: null })).map(([every, list]) =>
      ruleOf(
        start,
        [
          {
            text: `FREQ=HOURLY;INTERVAL=${every}${list === null ? '' : `;BYMINUTE=${list.join(',')}`}`,
            matches: (reading) =>
              (list ?? [start.minute]).includes(reading.minute) &&
              Math.floor(minutesBetween(start.with({ minute: 0 }), reading) / 60) % every === 0,
          },
        ],
        { repeats: true, makesUp: every > 1 },
      ),
    ),
    interval(200).map((every) =>
      ruleOf(
        start,
        [
          {
            text: `FREQ=MINUTELY;INTERVAL=${every}`,
            matches: (reading) => minutesBetween(start, reading) % every === 0,
          },
        ],
        { repeats: true, makesUp: every > 60 },
      ),
    ),
  )
}

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

const epochDay = ({ year, month, day }: Start): number =>
  Date.UTC(year, month - 1, day) / 86_400_000

const daysBetween = (from: Start, to: Reading): number => to.epochDay - epochDay(from)

const monthsBetween = (from: Start, to: Reading): number =>
  (to.year - from.year) * 12 + to.month - from.month

const minutesBetween = (from: Start, to: Reading): number =>
  daysBetween(from, to) * 1_440 + (to.hour - from.hour) * 60 + to.minute - from.minute
