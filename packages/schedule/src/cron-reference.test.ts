import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkCron } from './check-reference-fixture.ts'
import { anyCron, anyCronOfSeconds } from './cron-reference-fixture.ts'
import { anyWindow } from './reference-window-fixture.ts'
import { referenceTimes } from './wall-clock-fixture.ts'

test('T1: cron fires at the times that a walk over every minute of the clock finds', () => {
  fc.assert(fc.property(anyCron, anyWindow(2), checkCron), { numRuns: 300, seed: 11 })
})

test('T1: and over every second', () => {
  fc.assert(fc.property(anyCronOfSeconds, anyWindow(0.05), checkCron), { numRuns: 60, seed: 12 })
})

test('the walk itself knows the hour that is missing and the one that comes twice', () => {
  const halfPastTwo = {
    text: '30 2 * * *',
    matches: ({ hour, minute }: { hour: number; minute: number }) => hour === 2 && minute === 30,
    repeats: false,
    makesUp: true,
    stepSeconds: 60,
  } as const
  const days = (fromMs: number) => ({ fromMs, untilMs: fromMs + 2 * 86_400_000 })
  const iso = (times: readonly number[]) => times.map((time) => new Date(time).toISOString())
  assert.deepEqual(
    iso(referenceTimes(halfPastTwo, 'Europe/Berlin', days(Date.UTC(2026, 2, 28, 12)))),
    ['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'],
  )
  assert.deepEqual(
    iso(
      referenceTimes(
        { ...halfPastTwo, repeats: true },
        'Europe/Berlin',
        days(Date.UTC(2026, 9, 24, 12)),
      ),
    ),
    ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z', '2026-10-26T01:30:00.000Z'],
  )
})
