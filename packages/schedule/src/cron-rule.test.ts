import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cronRule } from './cron-rule.ts'

/** The first readings of an expression from the beginning of 2026 on. */
function readings(text: string, count: number): string[] {
  const rule = cronRule(text)
  const found: string[] = []
  let after: number | null = Date.UTC(2026, 0) - 1
  while (found.length < count) {
    after = rule.next(after)
    if (after === null) break
    found.push(new Date(after).toISOString().slice(0, 19))
  }
  return found
}

test('an expression has five fields, or six with the second first', () => {
  assert.deepEqual(readings('30 6 * * *', 2), ['2026-01-01T06:30:00', '2026-01-02T06:30:00'])
  assert.deepEqual(readings('15 30 6 * * *', 2), ['2026-01-01T06:30:15', '2026-01-02T06:30:15'])
})

const meanings: readonly (readonly [text: string, first: readonly string[]])[] = [
  ['0 9 * * MON-FRI', ['2026-01-01', '2026-01-02', '2026-01-05']],
  ['0 9 * * mon,Wed', ['2026-01-05', '2026-01-07', '2026-01-12']],
  ['0 9 * * 0', ['2026-01-04', '2026-01-11', '2026-01-18']],
  ['0 9 * * 7', ['2026-01-04', '2026-01-11', '2026-01-18']],
  ['0 9 1 FEB,jul *', ['2026-02-01', '2026-07-01', '2027-02-01']],
  ['0 9 1-31/10 * *', ['2026-01-01', '2026-01-11', '2026-01-21']],
  ['0 9 L * *', ['2026-01-31', '2026-02-28', '2026-03-31']],
  ['0 9 LW * *', ['2026-01-30', '2026-02-27', '2026-03-31']],
  ['0 9 15W * *', ['2026-01-15', '2026-02-16', '2026-03-16']],
  ['0 9 1W * *', ['2026-01-01', '2026-02-02', '2026-03-02']],
  ['0 9 * * FRI#2', ['2026-01-09', '2026-02-13', '2026-03-13']],
  ['0 9 * * FRI#L', ['2026-01-30', '2026-02-27', '2026-03-27']],
  ['0 9 * * FRI#5', ['2026-01-30', '2026-05-29', '2026-07-31']],
  ['0 9 13 * FRI', ['2026-01-02', '2026-01-09', '2026-01-13']],
  ['0 9 13 * +FRI', ['2026-02-13', '2026-03-13', '2026-11-13']],
  ['0 9 29 2 *', ['2028-02-29', '2032-02-29', '2036-02-29']],
  ['0 9 ? * MON', ['2026-01-05', '2026-01-12', '2026-01-19']],
  ['@yearly', ['2026-01-01', '2027-01-01', '2028-01-01']],
  ['@monthly', ['2026-01-01', '2026-02-01', '2026-03-01']],
  ['@weekly', ['2026-01-04', '2026-01-11', '2026-01-18']],
  ['@Daily', ['2026-01-01', '2026-01-02', '2026-01-03']],
]
for (const [text, first] of meanings)
  test(`${text} means ${first.join(', ')}`, () => {
    assert.deepEqual(
      readings(text, 3).map((reading) => reading.slice(0, 10)),
      first,
    )
  })

test('what is no expression is refused in a sentence', () => {
  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ['', /fields; it needs 5/],
    ['* * * *', /has 4 fields; it needs 5/],
    ['* * * * * * 2026', /has 7 fields/],
    ['60 * * * *', /has 60 as its minute, which is 0 to 59/],
    ['61 0 * * * *', /has 61 as its second, which is 0 to 59/],
    ['* 24 * * *', /has 24 as its hour, which is 0 to 23/],
    ['* 1-24/2 * * *', /has 24 as its hour/],
    ['* * 0 * *', /has 0 as its day of the month, which is 1 to 31/],
    ['* * 5,32W * *', /has 32 as its day of the month/],
    ['* * * 13 *', /has 13 as its month, which is 1 to 12/],
    ['* * * * 8#1', /has 8 as its weekday, which is 0 to 7/],
    ['* * * * +9L', /has 9 as its weekday/],
    ['* * * * MON/2', /is no cron expression: .*stepping/],
    ['*/0 * * * *', /is no cron expression/],
    ['30-10 * * * *', /is no cron expression/],
    ['a * * * *', /is no cron expression/],
    ['1x * * * *', /is no cron expression/],
    ['* * * * FRI#6', /is no cron expression/],
    ['1, * * * *', /is no cron expression/],
    ['0 0 30 2 *', /never matches a date/],
    ['0 0 31 4,6 *', /never matches a date/],
    ['@reboot', /must be one of @yearly/],
    ['2026-01-01T00:00:00', /has 1 fields/],
    [`${'1,'.repeat(200)}1 * * * *`, /is longer than 256 characters/],
  ]
  for (const [text, message] of refused)
    assert.throws(
      () => cronRule(text),
      (error: unknown) => error instanceof RangeError && message.test(error.message),
      `"${text}"`,
    )
})

test('every hour or less is told from a time of day', () => {
  const kinds: readonly (readonly [text: string, repeats: boolean, makesUp: boolean])[] = [
    ['30 2 * * *', false, true],
    ['0,30 1-5 * * *', false, true],
    ['* * * * *', true, false],
    ['*/5 * * * *', true, false],
    ['45 * * * *', true, false],
    ['45 0-23 * * *', true, false],
    ['45 */1 * * *', true, false],
    ['0-59 2 * * *', true, true],
    ['*/5 2 * * *', true, true],
    ['0 */2 * * *', true, true],
    ['* 30 2 * * *', true, true],
    ['0 0 0-11,12-23 * * *', true, false],
  ]
  for (const [text, repeats, makesUp] of kinds) {
    const rule = cronRule(text)
    assert.deepEqual([rule.repeats, rule.makesUp], [repeats, makesUp], text)
  }
})
