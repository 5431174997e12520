import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FILE_NAME_MAX, fileNameProblem } from './file-name.ts'

test('a name is a path of parts that say something', () => {
  for (const name of ['a', 'reports/2026/sales.csv', 'a b', 'ü/…', '.hidden', 'a..b/c'])
    assert.equal(fileNameProblem(name), null, name)
  for (const name of [
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    './a',
    'a\nb',
    'a\0',
    '\uD800',
    ' a',
    'a ',
    ' ',
  ])
    assert.notEqual(fileNameProblem(name), null, JSON.stringify(name))
})

test('a name may be long, and not longer', () => {
  assert.equal(fileNameProblem('a'.repeat(FILE_NAME_MAX)), null)
  assert.match(fileNameProblem('a'.repeat(FILE_NAME_MAX + 1)) ?? '', /1 to 512 characters/)
})
