import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ITEMS, PROPERTIES } from './index.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const byId = new Map(ITEMS.map((item) => [item.id, item]))

test('every item has an id of its own', () => {
  assert.equal(byId.size, ITEMS.length)
})

test('every decision that is written down is an item, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/decisions.md'), 'utf8')
  const written = [...text.matchAll(/^### (D\d+) /gm)].map((match) => match[1])
  const listed = ITEMS.filter(({ source }) => source === 'decision').map(({ id }) => id)
  assert.deepEqual(listed, written)
})

test('what we do otherwise names the decision that says so', () => {
  for (const { id, instead } of ITEMS)
    if (instead !== undefined) assert.equal(byId.get(instead)?.source, 'decision', id)
})

test('an item is shown by a test, waits with a reason, or is decided otherwise', () => {
  for (const { id, covers, waits, instead } of ITEMS) {
    const ways = [covers.length > 0, waits !== undefined, instead !== undefined]
    assert.equal(ways.filter(Boolean).length, 1, id)
  }
})

test('the properties are those of the record', () => {
  const table = JSON.parse(
    readFileSync(join(ROOT, 'services/gateway/src/operations/execution-properties.json'), 'utf8'),
  ) as string[]
  assert.deepEqual(
    PROPERTIES.map(({ name }) => name),
    table,
  )
  assert.equal(PROPERTIES.length, 77)
})
