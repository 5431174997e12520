import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPolicy } from './policy.ts'

const REFUSED = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.19.255.255',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fc00::1',
  'fd12::1',
  'fe80::1',
  'fec0::1',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:10.0.0.1',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
  '100::1',
  '1::1',
  '4000::1',
  '5f00::1',
  '3fff::1',
  '127.1',
  '0x7f000001',
  '2130706433',
  '0177.0.0.1',
  'fe80::1%eth0',
  'example.com',
  '',
]
for (const address of REFUSED)
  test(`${address || 'the empty address'} is refused by default`, () => {
    assert.notEqual(createPolicy().refusal(address, 443), null)
  })

for (const address of [
  '1.1.1.1',
  '8.8.8.8',
  '172.32.0.1',
  '192.167.0.1',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
])
  test(`${address} may be reached`, () => {
    assert.equal(createPolicy().refusal(address, 443), null)
  })

test('an allowed range opens itself, its IPv4-mapped form, and nothing beside it', () => {
  const policy = createPolicy({ allowedRanges: ['10.1.0.0/16', 'fd00::/8'] })
  assert.equal(policy.refusal('10.1.2.3', 1), null)
  assert.equal(policy.refusal('::ffff:10.1.2.3', 1), null)
  assert.equal(policy.refusal('fd00::1', 1), null)
  assert.match(policy.refusal('10.2.0.1', 1) ?? '', /no allowed range/)
  assert.notEqual(policy.refusal('127.0.0.1', 1), null)
})

test('a range with a port opens that port alone', () => {
  const policy = createPolicy({ allowedRanges: ['127.0.0.0/8:8080', '[::1]:8080'] })
  assert.equal(policy.refusal('127.0.0.1', 8080), null)
  assert.equal(policy.refusal('::1', 8080), null)
  assert.notEqual(policy.refusal('127.0.0.1', 8081), null)
})

test('the installation’s own servers are refused though their range is allowed, by any own address', () => {
  const policy = createPolicy({
    allowedRanges: ['127.0.0.0/8', '0.0.0.0/8'],
    forbidden: () => [{ address: '127.0.0.1', port: 5432 }],
  })
  assert.match(policy.refusal('127.0.0.1', 5432) ?? '', /installation itself/)
  assert.match(policy.refusal('127.9.9.9', 5432) ?? '', /installation itself/)
  assert.match(policy.refusal('::ffff:127.0.0.1', 5432) ?? '', /installation itself/)
  assert.match(policy.refusal('0.0.0.0', 5432) ?? '', /installation itself/)
  assert.equal(policy.refusal('127.0.0.1', 5433), null)
})

test('connections that look for one name at once look it up once', async () => {
  let asked = 0
  const policy = createPolicy({
    resolve() {
      asked += 1
      return Promise.resolve(['192.0.2.1'])
    },
  })
  const all = await Promise.all([policy.resolve('a.example'), policy.resolve('a.example')])
  assert.deepEqual(all, [['192.0.2.1'], ['192.0.2.1']])
  assert.equal(asked, 1)
})

test('a range that cannot be read stops the start', () => {
  for (const range of ['', '10.0.0.0/33', 'localhost', '10.0.0.0/8/8'])
    assert.throws(() => createPolicy({ allowedRanges: [range] }), RangeError)
})
