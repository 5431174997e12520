import assert from 'node:assert/strict'
import { test } from 'node:test'
import { workOf } from './walk.ts'

test('a page that stood still does not count as work of the sweep', () => {
  assert.equal(workOf(30), 30)
  assert.equal(workOf(4_500), 250)
})
