import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseHost } from './host.ts'

test('plain names and literals are read', () => {
  assert.deepEqual(parseHost('Example.COM.'), { kind: 'name', name: 'example.com' })
  assert.deepEqual(parseHost('bücher.example'), { kind: 'name', name: 'xn--bcher-kva.example' })
  assert.deepEqual(parseHost('my_db'), { kind: 'name', name: 'my_db' })
  assert.deepEqual(parseHost('10.1.2.3'), { kind: 'address', address: '10.1.2.3' })
  assert.deepEqual(parseHost('[::1]'), { kind: 'address', address: '::1' })
})

const ODD = [
  '',
  ' ',
  'a b',
  'user@host',
  'host%00',
  'a\\b',
  'host/path',
  'host:80',
  '127.1',
  '0x7f.1',
  '0x7f000001',
  '2130706433',
  '0177.0.0.1',
  '127.0.0.0x1',
  '1.2.3.4.5',
  'fe80::1%eth0',
  '-a',
  'a..b',
  'host\r\nx',
  'a?b',
  'a#b',
  '127.0.0.1.',
  '１２７.１',
]
for (const host of ODD)
  test(`${JSON.stringify(host)} is not read as a host`, () => {
    const read = parseHost(host)
    // A form that turns into a plain literal is judged as that literal, which is as good as refused.
    if (read.kind === 'name') assert.fail(`read as the name ${read.name}`)
    if (read.kind === 'address') assert.match(host, /127/)
  })
