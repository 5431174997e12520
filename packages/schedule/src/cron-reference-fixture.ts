import fc from 'fast-check'
import type { Reading, ReferenceRule } from './wall-clock-fixture.ts'

/** Any cron expression together with what it means, neither made from the other by a parser. */
export const anyCron: fc.Arbitrary<ReferenceRule> = fc
  .record({
    minute: field(0, 59, [0, 15, 30, 45]),
    hour: field(0, 23, [0, 1, 2, 3, 23]),
    days: anyDays(),
    month: fc.oneof(
      { weight: 9, arbitrary: fc.constant(everyValue('*')) },
      field(1, 12, [3, 10, 11]),
    ),
  })
  .map(({ minute, hour, days, month }) => ({
    text: `${minute.text} ${hour.text} ${days.dayText} ${month.text} ${days.weekdayText}`,
    matches: (reading) =>
      minute.has(reading.minute) &&
      hour.has(reading.hour) &&
      month.has(reading.month) &&
      days.matches(reading),
    repeats: minute.isWild || hour.isWild,
    makesUp: !hour.isAll,
    stepSeconds: 60,
  }))

/** Six fields around the hours at which clocks change, for a short window. */
export const anyCronOfSeconds: fc.Arbitrary<ReferenceRule> = fc
  .record({
    second: field(0, 59, [0, 1, 30, 59]),
    minute: field(0, 59, [0, 30, 59]),
    hour: field(0, 23, [0, 1, 2, 3, 23]),
  })
  .map(({ second, minute, hour }) => ({
    text: `${second.text} ${minute.text} ${hour.text} * * *`,
    matches: (reading) =>
      second.has(reading.second) && minute.has(reading.minute) && hour.has(reading.hour),
    repeats: second.isWild || minute.isWild || hour.isWild,
    makesUp: !hour.isAll,
    stepSeconds: 1,
  }))

interface Field {
  readonly text: string
  readonly has: (value: number) => boolean
  readonly isWild: boolean
  readonly isAll: boolean
}

function everyValue(text: string): Field {
  return { text, has: () => true, isWild: true, isAll: true }
}

function field(low: number, high: number, favourites: readonly number[]): fc.Arbitrary<Field> {
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...favourites) },
    { weight: 1, arbitrary: fc.integer({ min: low, max: high }) },
  )
  const size = high - low + 1
  const of = (text: string, has: Field['has'], isStar: boolean): Field => {
    const isAll = Array.from({ length: size }, (_, index) => index + low).every((one) => has(one))
    return { text, has, isWild: isStar || isAll, isAll }
  }
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(everyValue('*')) },
    {
      weight: 2,
      arbitrary: fc
        .integer({ min: 1, max: Math.min(size - 1, 20) })
        .map((step) => of(`*/${step}`, (one) => (one - low) % step === 0, true)),
    },
    { weight: 4, arbitrary: value.map((only) => of(String(only), (one) => one === only, false)) },
    {
      weight: 2,
      arbitrary: fc
        .uniqueArray(value, { minLength: 2, maxLength: 4 })
        .map((list) => of(list.join(','), (one) => list.includes(one), false)),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(value, value, fc.integer({ min: 1, max: 3 })).map(([a, b, step]) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const has: Field['has'] = (one) => one >= from && one <= to && (one - from) % step === 0
        return of(`${from}-${to}${step === 1 ? '' : `/${step}`}`, has, false)
      }),
    },
  )
}

interface Days {
  readonly dayText: string
  readonly weekdayText: string
  readonly matches: (reading: Reading) => boolean
}

type Matches = Days['matches']

function anyDay(): fc.Arbitrary<readonly [string, Matches]> {
  return fc.oneof(
    fc
      .integer({ min: 1, max: 31 })
      .map((only): [string, Matches] => [String(only), (reading) => reading.day === only]),
    fc.constant<[string, Matches]>(['L', (reading) => reading.day === reading.daysInMonth]),
    fc
      .integer({ min: 1, max: 28 })
      .map((from): [string, Matches] => [`${from}-31`, (reading) => reading.day >= from]),
    fc
      .integer({ min: 1, max: 28 })
      .map((near): [string, Matches] => [
        `${near}W`,
        (reading) => reading.day === nearestWeekday(reading, near),
      ]),
  )
}

function anyWeekday(): fc.Arbitrary<readonly [string, Matches]> {
  return fc.oneof(
    fc
      .integer({ min: 1, max: 7 })
      .map((only): [string, Matches] => [String(only), (reading) => reading.dayOfWeek === only]),
    fc
      .integer({ min: 1, max: 7 })
      .map((last): [string, Matches] => [
        `MON-${NAMES[last - 1]}`,
        ({ dayOfWeek }) => dayOfWeek <= last,
      ]),
    fc
      .tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 5 }))
      .map(([only, nth]): [string, Matches] => [
        `${NAMES[only - 1]}#${nth}`,
        (reading) => reading.dayOfWeek === only && Math.ceil(reading.day / 7) === nth,
      ]),
    fc
      .integer({ min: 1, max: 7 })
      .map((only): [string, Matches] => [
        `${NAMES[only - 1]}#L`,
        (reading) => reading.dayOfWeek === only && reading.day + 7 > reading.daysInMonth,
      ]),
  )
}

function anyDays(): fc.Arbitrary<Days> {
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc.constant({ dayText: '*', weekdayText: '*', matches: () => true }),
    },
    {
      weight: 2,
      arbitrary: anyDay().map(([dayText, matches]) => ({ dayText, weekdayText: '*', matches })),
    },
    {
      weight: 2,
      arbitrary: anyWeekday().map(([weekdayText, matches]) => ({
        dayText: '*',
        weekdayText,
        matches,
      })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(anyDay(), anyWeekday(), fc.boolean())
        .map(([[dayText, a], [text, b], isBoth]) => ({
          dayText,
          weekdayText: isBoth ? `+${text}` : text,
          matches: (reading: Reading) =>
            isBoth ? a(reading) && b(reading) : a(reading) || b(reading),
        })),
    },
  )
}

/** The weekday nearest to a day without leaving its month. */
function nearestWeekday(reading: Reading, near: number): number {
  const dayOfWeek = ((((reading.dayOfWeek + near - reading.day - 1) % 7) + 7) % 7) + 1
  if (dayOfWeek === 6) return near === 1 ? 3 : near - 1
  if (dayOfWeek === 7) return near === reading.daysInMonth ? near - 2 : near + 1
  return near
}

const NAMES = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN']
