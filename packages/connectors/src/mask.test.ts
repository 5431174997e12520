import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMasker } from './mask.ts'

test('a secret is hidden whole, by its lines, and as base64, hex and URLs write it', () => {
  const mask = createMasker(['first line\nsecond+line', 'abc'])
  for (const shown of [
    'first line\nsecond+line',
    'second+line',
    Buffer.from('second+line').toString('hex'),
    Buffer.from('x:second+line').toString('base64'),
    'second%2Bline',
  ])
    assert.match(mask(`<${shown}>`), /^<.{0,4}\*\*\*.{0,4}>$/, shown)
  assert.equal(mask('abc'), 'abc')
})

test('a secret of very many lines does not stop the process', () => {
  const lines = Array.from({ length: 100_000 }, (_, at) => `line number ${at}`)
  const before = process.cpuUsage()
  const mask = createMasker([lines.join('\n')])
  const text = 'what the far side said '.repeat(3_000)
  assert.equal(mask(text), text)
  assert.equal(mask(`<${lines.join('\n')}>`), '<***>')
  assert.equal(mask('<line number 99>'), '<***>')
  const { user } = process.cpuUsage(before)
  assert.ok(user < 2_000_000, `${user / 1_000} ms`)
})
