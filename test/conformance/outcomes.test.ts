import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ITEMS, PROPERTIES } from './items/index.ts'
import { judge, type TestOutcome } from './outcomes.ts'
import { conformancePage } from './page.ts'

const outcome = (name: string, passed = true): TestOutcome => ({ name, file: 'x.test.ts', passed })
const rowOf = (tests: readonly TestOutcome[], id: string) => {
  const { items, properties } = judge(tests)
  return [...items, ...properties].find((row) => row.id === id) ?? assert.fail(id)
}
const everything = [
  ...ITEMS.filter(({ covers }) => covers.length > 0).map(({ id }) => outcome(`[${id}] it does`)),
  ...PROPERTIES.filter(({ waits }) => waits === undefined).map(({ name }) =>
    outcome(`{${name}} it does`),
  ),
]

test('an item is green when all of its tests passed, and red when one did not', () => {
  const passed = [outcome('[3.5 D24] one'), outcome('[3.5] two')]
  assert.deepEqual(
    [rowOf(passed, '3.5').result, rowOf(passed, '3.5').tests],
    ['green', ['one', 'two']],
  )
  assert.equal(rowOf(passed, 'D24').result, 'green')
  const failed = [...passed, outcome('[3.5] three', false)]
  assert.equal(rowOf(failed, '3.5').result, 'red')
  assert.deepEqual(rowOf(failed, '3.5').tests.at(-1), 'FAILS: three')
})

test('an item without a test is shown as such, one that waits with its reason', () => {
  assert.equal(rowOf([], '3.5').result, 'no test yet')
  assert.equal(rowOf([], 'lineno').result, 'no test yet')
  const waiting = ITEMS.find(({ waits }) => waits !== undefined) ?? assert.fail()
  assert.deepEqual(rowOf([], waiting.id).tests, [waiting.waits])
})

test('all is green only when nothing is missing and nothing has failed, not even a file', () => {
  assert.equal(judge(everything).green, true)
  assert.equal(judge(everything.slice(1)).green, false)
  assert.equal(judge([...everything, outcome('suite/section-02.test.ts', false)]).green, false)
})

test('the page is the same for the same outcomes, and a pipe does not break its tables', () => {
  const outcomes = judge([outcome('[3.5] a | b')])
  const page = conformancePage(outcomes)
  assert.equal(page, conformancePage(outcomes))
  assert.match(page, /a \\\| b/)
  const widths = page
    .split('\n')
    .filter((line) => line.startsWith('| 3.'))
    .map((line) => line.length)
  assert.equal(new Set(widths).size, 1)
})
