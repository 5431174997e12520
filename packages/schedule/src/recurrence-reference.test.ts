import { test } from 'node:test'
import fc from 'fast-check'
import { checkRecurrence } from './check-reference-fixture.ts'
import { anyRecurrence } from './recurrence-reference-fixture.ts'
import { anyWindow } from './reference-window-fixture.ts'

test('T1: a recurrence fires at the times that a walk over every minute of the clock finds', () => {
  fc.assert(fc.property(anyRecurrence, anyWindow(2), checkRecurrence), { numRuns: 300, seed: 21 })
})
