import fc from 'fast-check'
import { checkCron, checkRecurrence } from '../src/check-reference-fixture.ts'
import { anyCron, anyCronOfSeconds } from '../src/cron-reference-fixture.ts'
import { anyRecurrence } from '../src/recurrence-reference-fixture.ts'
import { anyWindow } from '../src/reference-window-fixture.ts'

/** T1 for as many cases and with the seed that the command line names. */
const [numRuns = 5_000, seed = 1] = process.argv.slice(2).map(Number)

fc.assert(fc.property(anyCron, anyWindow(5), checkCron), { numRuns, seed })
console.log(`${numRuns} cron expressions`)
fc.assert(fc.property(anyCronOfSeconds, anyWindow(0.2), checkCron), {
  numRuns: Math.ceil(numRuns / 20),
  seed,
})
console.log(`${Math.ceil(numRuns / 20)} cron expressions with seconds`)
fc.assert(fc.property(anyRecurrence, anyWindow(5), checkRecurrence), { numRuns, seed })
console.log(`${numRuns} recurrences`)
