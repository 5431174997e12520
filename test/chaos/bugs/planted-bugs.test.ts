import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { applyEdit } from './planted-bug.ts'
import { PLANTED_BUGS } from './planted-bugs.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')

describe('planted bugs', () => {
  test('are ten at least, each with a name of its own', () => {
    const names = PLANTED_BUGS.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    assert.ok(names.length >= 10)
  })

  for (const { name, edits } of PLANTED_BUGS)
    test(`${name} can be planted in the sources as they are`, () => {
      const files = new Map<string, string>()
      for (const edit of edits) {
        const before = files.get(edit.file) ?? readFileSync(join(ROOT, edit.file), 'utf8')
        const after = applyEdit(before, edit)
        assert.notEqual(after, before)
        files.set(edit.file, after)
      }
    })

  test('an edit that fits nowhere, or twice, is refused', () => {
    const edit = { file: 'a', find: 'x', replace: 'y' }
    assert.throws(() => applyEdit('abc', edit), /found 0 times/)
    assert.throws(() => applyEdit('axbx', edit), /found 2 times/)
    assert.equal(applyEdit('abx', edit), 'aby')
  })
})
