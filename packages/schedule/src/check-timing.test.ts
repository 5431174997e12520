import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { checkTiming } from './check-timing.ts'
import { createCalendar } from './create-calendar.ts'
import { Timing } from './timing.ts'

const RULE = 'DTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO'

const good: readonly Timing[] = [
  { cron: '0 9 * * *' },
  { cron: '0 9 * * *', time_zone: 'Europe/Berlin' },
  { interval_seconds: 1 },
  { interval_seconds: 315_360_000, anchor: 'start', time_zone: 'Asia/Kathmandu' },
  { interval_seconds: 60, anchor: 'end' },
  { rrule: RULE },
  { rrule: RULE, time_zone: 'europe/berlin' },
]

test('a timing without problems has a calendar, and its schema accepts it', () => {
  const accepts = new Ajv2020({ strict: true, strictTypes: false }).compile(Timing)
  for (const timing of good) {
    assert.deepEqual(checkTiming(timing), [])
    assert.ok(accepts(timing), JSON.stringify(accepts.errors))
    const calendar = createCalendar(timing, { startMs: 0, lastEndMs: null })
    assert.notEqual(calendar.next(0), null)
  }
})

test('what is wrong is said with its place, the limit and the way out', () => {
  const bad: readonly (readonly [value: unknown, pointer: string, message: RegExp])[] = [
    [null, '', /must be an object with one of cron, interval_seconds, rrule/],
    [[], '', /must be an object/],
    ['0 9 * * *', '', /must be an object/],
    [{}, '', /exactly one of cron, interval_seconds, rrule; it has none/],
    [{ time_zone: 'UTC' }, '', /it has none/],
    [{ cron: '0 9 * * *', interval_seconds: 5 }, '', /it has cron and interval_seconds/],
    [{ cron: '0 9 * * *', 'a/b': 5 }, '/a~1b', /is not known/],
    [{ cron: 5 }, '/cron', /must be string/],
    [{ cron: '0 9 * *' }, '/cron', /has 4 fields/],
    [{ cron: '0 9 * * *', anchor: 'start' }, '/anchor', /goes with interval_seconds only/],
    [{ cron: '0 9 * * *', time_zone: 'Berlin' }, '/time_zone', /an IANA name.*"Berlin" is not/],
    [{ cron: '0 9 * * *', time_zone: '+02:00' }, '/time_zone', /an IANA name/],
    [{ cron: '0 9 * * *', time_zone: 2 }, '/time_zone', /must be an IANA name/],
    [{ interval_seconds: 0 }, '/interval_seconds', /a whole number from 1 to 315360000/],
    [{ interval_seconds: 1.5 }, '/interval_seconds', /a whole number/],
    [{ interval_seconds: '60' }, '/interval_seconds', /a whole number/],
    [{ interval_seconds: 315_360_001 }, '/interval_seconds', /a whole number/],
    [{ interval_seconds: 60, anchor: 'middle' }, '/anchor', /must be one of "start", "end"/],
    [{ rrule: 'FREQ=DAILY' }, '/rrule', /is not read here; lines begin with DTSTART/],
    [{ rrule: 'RRULE:FREQ=DAILY' }, '/rrule', /must have one DTSTART line/],
    [{ rrule: RULE, time_zone: 'UTC' }, '/rrule', /is in Europe\/Berlin and time_zone is UTC/],
  ]
  for (const [value, pointer, message] of bad) {
    const problems = checkTiming(value)
    assert.equal(problems.length, 1, JSON.stringify([value, problems]))
    assert.equal(problems[0]?.pointer, pointer, JSON.stringify(value))
    assert.match(problems[0]?.message ?? '', message)
  }
})

test('several things are said at once', () => {
  const problems = checkTiming({ cron: '* *', interval_seconds: 0, anchor: 5, time_zone: '' })
  assert.deepEqual(
    problems.map(({ pointer }) => pointer),
    ['', '/time_zone', '/cron', '/interval_seconds', '/anchor'],
  )
})

test('a calendar of a timing with problems is refused with the same sentence', () => {
  assert.throws(() => createCalendar({ cron: '* *' }, { startMs: 0, lastEndMs: null }), /2 fields/)
  assert.throws(() => createCalendar({}, { startMs: 0, lastEndMs: null }), /has one of cron/)
})
