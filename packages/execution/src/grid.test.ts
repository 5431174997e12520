import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { printPage } from './diagram.ts'
import { EVENT_TYPES } from './event.ts'
import { CODES, printGrid } from './grid.ts'
import { STATUSES, isEnded } from './status.ts'
import { TRANSITIONS } from './transitions.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const AGAIN = 'meant? then run packages/execution/tools/write-golden.ts'

describe('the table', () => {
  test('E1: does in every state what the golden grid says', () => {
    assert.equal(printGrid(), read('./grid.golden.txt'), AGAIN)
  })

  test('E2: is what docs/execution-states.md shows', () => {
    assert.equal(printPage(), read('../../../docs/execution-states.md'), AGAIN)
  })

  test('lists every event in every row, and every event that there is', () => {
    for (const status of STATUSES) {
      assert.deepEqual(Object.keys(TRANSITIONS[status]).toSorted(), EVENT_TYPES.toSorted(), status)
    }
  })

  test('E3: treats an execution under a pause as without it, and shows so', () => {
    const lines = printGrid().split('\n')
    const heads =
      lines
        .find((line) => line.includes('WE+'))
        ?.trim()
        .split(/\s+/u) ?? []
    const answers = lines.filter((line) =>
      /^(?:startTime|dependencies|lock|response|wait)/u.test(line),
    )
    for (const line of answers.slice(0, 5)) {
      const cells = line.trim().split(/\s+/u).slice(1)
      for (const [index, head] of heads.entries()) {
        const beneath = heads.indexOf(head.toLowerCase())
        if (head === head.toLowerCase() || beneath === -1) continue
        assert.equal(cells[index]?.toLowerCase(), cells[beneath], `${line} ${head}`)
      }
    }
  })

  test('E4: leads from every status to an end, and from the first ones to every status', () => {
    for (const start of STATUSES) assert.ok([...reachable(start)].some(isEnded), start)
    assert.equal(reachable('SCHEDULED').size, STATUSES.length)
    assert.equal(reachable('WAITING_ENGINE').size, STATUSES.length)
  })
})

/** Statuses that can follow, read off the grid that `decide` has printed. */
function reachable(start: (typeof STATUSES)[number]): Set<(typeof STATUSES)[number]> {
  const [, table = ''] = printGrid().split('\n\n')
  const [heads = [], ...rows] = table.split('\n').map((line) => line.slice(22).trim().split(/\s+/u))
  const found = new Set([start])
  for (const status of found) {
    for (const row of rows) {
      for (const [index, cell] of row.entries()) {
        if (statusOf(heads[index]) !== status) continue
        const next = statusOf(cell)
        if (next !== undefined) found.add(next)
      }
    }
  }
  return found
}

function statusOf(cell = ''): (typeof STATUSES)[number] | undefined {
  const code = cell.replace('+', '')
  if (/^[a-z]{2}$/u.test(code)) return 'PAUSED'
  return STATUSES.find((status) => CODES[status] === code)
}
