import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findDifference } from './find-difference.ts'

const shows = (shown: string, printed: string) => findDifference(shown.split('\n'), printed)

test('what is shown is what is printed, to the last line', () => {
  assert.equal(shows('a\nb', 'a\nb\n'), null)
  assert.equal(shows('a', 'a  \n\n'), null)
  assert.deepEqual(shows('a\nb', 'a\nc'), { at: 1, shown: 'b', printed: 'c' })
  assert.deepEqual(shows('a\nb', 'a'), { at: 1, shown: 'b', printed: null })
  assert.deepEqual(shows('a', 'a\nb'), { at: 1, shown: null, printed: 'b' })
  assert.deepEqual(shows('a', ''), { at: 0, shown: 'a', printed: null })
})

test('an ellipsis stands for any text in its line', () => {
  assert.equal(shows('id … done', 'id 019a done'), null)
  assert.equal(shows('… done', ' done'), null)
  assert.equal(shows('a…b…c', 'a1b2bc'), null)
  assert.equal(shows('a…a', 'a')?.at, 0)
  assert.equal(shows('a…b…b', 'ab')?.at, 0)
  assert.equal(shows('… done', '019a done it')?.at, 0)
  assert.equal(shows('a … b', 'a\nb')?.at, 0)
})

test('an ellipsis alone in a line stands for any lines', () => {
  assert.equal(shows('…\nb', 'b'), null)
  assert.equal(shows('a\n…\nc', 'a\nb\nb\nc'), null)
  assert.equal(shows('a\n…', 'a'), null)
  assert.equal(shows('…\nb\n…\nb', 'a\nb\nc\nb'), null)
  assert.deepEqual(shows('…\nc', 'a\nb'), { at: 1, shown: 'c', printed: null })
})

test('widths of columns do not count, indentation does', () => {
  assert.equal(shows('A  B\n1  2', 'A     B\n1     2'), null)
  assert.equal(shows('a b', 'a  b')?.at, 0)
  assert.equal(shows('  a', 'a')?.at, 0)
  assert.equal(shows('  a', '    a')?.at, 0)
})

test('the difference is where it fits no further', () => {
  const difference = shows('…\nx\ny\nz', 'x\nq\nx\ny\nq\n')
  assert.deepEqual(difference, { at: 3, shown: 'z', printed: 'q' })
})
