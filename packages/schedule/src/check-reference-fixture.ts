import assert from 'node:assert/strict'
import type { Calendar } from './calendar.ts'
import { createCalendar } from './create-calendar.ts'
import type { ReferenceWindow } from './reference-window-fixture.ts'
import { type ReferenceRule, referenceTimes } from './wall-clock-fixture.ts'

/** T1 and T2 for a cron expression in a window. */
export function checkCron(rule: ReferenceRule, window: ReferenceWindow): void {
  // A day that no month has is refused; there is nothing to compare then.
  let calendar: Calendar
  try {
    calendar = createCalendar({ cron: rule.text, time_zone: window.zone }, ANCHORS)
  } catch (error) {
    assert.match(String(error), /never matches/)
    return
  }
  checkCalendar(calendar, rule, window)
}

/** T1 and T2 for a recurrence in a window. */
export function checkRecurrence(rule: ReferenceRule, window: ReferenceWindow): void {
  checkCalendar(createCalendar({ rrule: rule.text, time_zone: window.zone }, ANCHORS), rule, window)
}

function checkCalendar(calendar: Calendar, rule: ReferenceRule, window: ReferenceWindow): void {
  const { zone, fromMs, untilMs } = window
  const expected = referenceTimes(rule, zone, { fromMs, untilMs })
  const found = calendar.between(fromMs, untilMs, Infinity)
  const iso = (times: readonly number[]) => times.map((time) => new Date(time).toISOString())
  assert.deepEqual(iso(found), iso(expected), `${rule.text} in ${zone}`)
  // Asked from anywhere, also from between the times, the answer is the same.
  for (const [index, time] of found.entries()) {
    const from = found[index - 1] ?? fromMs - 1
    assert.equal(calendar.next(Math.floor((from + time - 1) / 2)), time)
    assert.equal(calendar.next(time - 1), time)
  }
}

const ANCHORS = { startMs: 0, lastEndMs: null }
