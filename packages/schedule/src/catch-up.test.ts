import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Calendar, calendarOf, within } from './calendar.ts'
import { CATCH_UP, decideDue, type DueFacts } from './catch-up.ts'
import { createCalendar } from './create-calendar.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const at = (text: string): number => Date.parse(`2026-01-${text}Z`)
const daily = createCalendar({ cron: '0 9 * * *' }, { startMs: 0, lastEndMs: null })

const decide = (facts: Partial<DueFacts>) =>
  decideDue({
    calendar: daily,
    decidedUntilMs: at('05T09:00'),
    nowMs: at('09T12:00'),
    catchUp: 'all',
    catchUpWindowMs: 365 * DAY,
    resumedAtMs: null,
    ...facts,
  })

describe('after an outage of four days, a daily schedule', () => {
  test('with none drops what it missed and says so', () => {
    assert.deepEqual(decide({ catchUp: 'none' }), {
      run: [],
      dropped: [
        {
          reason: 'catch_up_none',
          count: 4,
          isCountExact: true,
          firstMs: at('06T09:00'),
          lastMs: at('09T09:00'),
        },
      ],
      decidedUntilMs: at('09T12:00'),
      nextMs: at('10T09:00'),
    })
  })

  test('with last runs the newest', () => {
    const { run, dropped } = decide({ catchUp: 'last' })
    assert.deepEqual(run, [at('09T09:00')])
    assert.deepEqual(dropped, [
      {
        reason: 'superseded',
        count: 3,
        isCountExact: true,
        firstMs: at('06T09:00'),
        lastMs: at('08T09:00'),
      },
    ])
  })

  test('with all runs each, oldest first', () => {
    const { run, dropped } = decide({ catchUp: 'all' })
    assert.deepEqual(run, [at('06T09:00'), at('07T09:00'), at('08T09:00'), at('09T09:00')])
    assert.deepEqual(dropped, [])
  })

  test('with all runs no more than its limit, the newest', () => {
    const { run, dropped } = decide({ catchUp: 'all', limit: 3 })
    assert.deepEqual(run, [at('07T09:00'), at('08T09:00'), at('09T09:00')])
    assert.deepEqual(
      dropped.map(({ reason, count }) => [reason, count]),
      [['over_limit', 1]],
    )
  })

  test('runs nothing from before the window', () => {
    const all = decide({ catchUp: 'all', catchUpWindowMs: 2 * DAY })
    assert.deepEqual(all.run, [at('08T09:00'), at('09T09:00')])
    assert.deepEqual(
      all.dropped.map(({ reason, count }) => [reason, count]),
      [['beyond_window', 2]],
    )
    const last = decide({ catchUp: 'last', catchUpWindowMs: 2 * HOUR })
    assert.deepEqual(last.run, [])
    assert.deepEqual(
      last.dropped.map(({ reason, count }) => [reason, count]),
      [['beyond_window', 4]],
    )
  })
})

describe('a time at most a minute past', () => {
  test('runs under every policy, also outside the window', () => {
    for (const catchUp of CATCH_UP) {
      const { run } = decide({ catchUp, nowMs: at('06T09:01'), catchUpWindowMs: 0 })
      assert.deepEqual(run, [at('06T09:00')], catchUp)
    }
    assert.deepEqual(decide({ catchUp: 'none', nowMs: at('06T09:01') + 1 }).run, [])
  })

  test('stands for those missed before it, with last', () => {
    const { run, dropped } = decide({ catchUp: 'last', nowMs: at('08T09:00:10') })
    assert.deepEqual(run, [at('08T09:00')])
    assert.deepEqual(
      dropped.map(({ reason, count }) => [reason, count]),
      [['superseded', 2]],
    )
  })
})

describe('a pause', () => {
  const resumed = (catchUp: DueFacts['catchUp'], now: string) =>
    decide({ catchUp, nowMs: at(now), resumedAtMs: at(now) })

  test('misses what fell into it, however short ago', () => {
    assert.deepEqual(resumed('none', '06T09:00:10').run, [])
    assert.deepEqual(resumed('last', '08T09:00:10').run, [at('08T09:00')])
    assert.deepEqual(resumed('all', '07T09:00:10').run, [at('06T09:00'), at('07T09:00')])
  })

  test('that ends at a planned time does not miss that one', () => {
    assert.deepEqual(resumed('none', '06T09:00').run, [at('06T09:00')])
  })
})

test('a decision that is repeated decides nothing twice, also when the clock was set back', () => {
  const first = decide({})
  const again = decide({ decidedUntilMs: first.decidedUntilMs })
  assert.deepEqual([again.run, again.dropped, again.nextMs], [[], [], first.nextMs])
  const back = decide({ decidedUntilMs: first.decidedUntilMs, nowMs: at('09T08:00') })
  assert.deepEqual([back.run, back.decidedUntilMs], [[], first.decidedUntilMs])
})

test('a schedule that has come to its end has no next time', () => {
  const ending = within(daily, { fromMs: null, toMs: at('07T09:00') })
  const { run, nextMs } = decide({ calendar: ending })
  assert.deepEqual([run, nextMs], [[at('06T09:00'), at('07T09:00')], null])
})

describe('an interval from the end of the last run', () => {
  const calendar = createCalendar(
    { interval_seconds: 3_600, anchor: 'end' },
    { startMs: 0, lastEndMs: at('05T09:30') },
  )
  const overdue = (catchUp: DueFacts['catchUp']) =>
    decide({ calendar, catchUp, decidedUntilMs: at('05T09:30'), nowMs: at('05T13:00') })

  test('has one run to make up for, however long it was away', () => {
    assert.deepEqual(overdue('all').run, [at('05T12:30')])
    assert.deepEqual(overdue('last').run, [at('05T12:30')])
    assert.deepEqual(
      overdue('all').dropped.map(({ reason, count }) => [reason, count]),
      [['superseded', 2]],
    )
  })

  test('goes on from the same end when its times are dropped', () => {
    const { run, nextMs } = overdue('none')
    assert.deepEqual([run, nextMs], [[], at('05T13:30')])
  })
})

test('a year of seconds is decided at once, and counted as far as that makes sense', () => {
  const calendar = createCalendar({ cron: '* * * * * *' }, { startMs: 0, lastEndMs: null })
  const nowMs = at('05T09:00')
  const { run, dropped } = decide({ calendar, decidedUntilMs: nowMs - 300 * DAY, nowMs })
  assert.deepEqual([run.length, run[0], run.at(-1)], [100, nowMs - 99_000, nowMs])
  assert.deepEqual(dropped, [
    {
      reason: 'over_limit',
      count: 1_000,
      isCountExact: false,
      firstMs: nowMs - 300 * DAY + 1_000,
      lastMs: nowMs - 100_000,
    },
  ])
})

const listed = (times: readonly number[]): Calendar =>
  calendarOf({
    timeZone: 'UTC',
    next: (after) => times.find((time) => time > after) ?? null,
  })

test('T4: in whatever steps it is asked, every planned time is run or dropped, once', () => {
  const steps = fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 2_000_000 }), { maxLength: 40 }),
      steps,
      fc.constantFrom(...CATCH_UP),
      fc.integer({ min: 0, max: 500_000 }),
      fc.integer({ min: 1, max: 5 }),
      fc.option(fc.integer({ min: 0, max: 2_000_000 }), { nil: null }),
      (unsorted, gaps, catchUp, catchUpWindowMs, limit, resumedAtMs) => {
        const times = unsorted.toSorted((a, b) => a - b)
        const calendar = listed(times)
        let decidedUntilMs = 0
        for (const gap of gaps) {
          const nowMs = decidedUntilMs + gap
          const due = times.filter((time) => time > decidedUntilMs && time <= nowMs)
          const facts = { calendar, decidedUntilMs, nowMs, catchUp, catchUpWindowMs, limit }
          const decision = decideDue({ ...facts, resumedAtMs })
          const dropped = decision.dropped.flatMap(({ firstMs, lastMs, count }) => {
            const among = due.filter((time) => time >= firstMs && time <= lastMs)
            assert.equal(among.length, count)
            return among
          })
          assert.deepEqual(
            [...decision.run, ...dropped].toSorted((a, b) => a - b),
            due,
          )
          assert.deepEqual(decision.run, expected(due, { ...facts, resumedAtMs }))
          assert.equal(decision.nextMs, times.find((time) => time > nowMs) ?? null)
          decidedUntilMs = decision.decidedUntilMs
        }
      },
    ),
    { numRuns: 1_000, seed: 31 },
  )
})

/** The policies once more, over a list. */
function expected(due: readonly number[], facts: DueFacts): readonly number[] {
  const { nowMs, catchUp, catchUpWindowMs, resumedAtMs, limit = 100 } = facts
  const onTime = due.filter((time) => time >= nowMs - 60_000 && time >= (resumedAtMs ?? 0))
  const missed = due.filter((time) => !onTime.includes(time) && time >= nowMs - catchUpWindowMs)
  switch (catchUp) {
    case 'none':
      return onTime.slice(-limit)
    case 'last':
      return onTime.length > 0 ? onTime.slice(-limit) : missed.slice(-1)
    case 'all':
      return [...missed, ...onTime].slice(-limit)
  }
}
