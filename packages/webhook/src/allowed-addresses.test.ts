import assert from 'node:assert/strict'
import { BlockList, isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { isAllowedAddress, parseAddressRange } from './allowed-addresses.ts'

test('no ranges let everybody in', () => {
  for (const address of ['203.0.113.7', '::1', 'rubbish', undefined])
    assert.equal(isAllowedAddress(address, []), true)
})

test('addresses are in or out of ranges of their own family', () => {
  const ranges = ['203.0.113.7', '10.0.0.0/8', '2001:db8::/32', '::ffff:192.0.2.0/120']
  const inside = [
    '203.0.113.7',
    '10.255.0.1',
    '2001:db8:1::1',
    '192.0.2.255',
    // A socket that listens on IPv6 shows IPv4 callers like this.
    '::ffff:10.1.2.3',
    '::ffff:a01:203',
    '2001:0DB8::1',
    '2001:db8::1%eth0',
  ]
  const outside = [
    '203.0.113.8',
    '11.0.0.1',
    '2001:db9::1',
    '192.0.3.0',
    '::10.1.2.3',
    '::ffff:203.0.113.8',
    // Forms that other parsers read as 10.1.2.3.
    '10.66051',
    '0x0a010203',
    '010.1.2.3',
    '10.1.2.3.4',
    '10.1.2',
    '',
    'localhost',
    undefined,
  ]
  for (const address of inside) assert.equal(isAllowedAddress(address, ranges), true, address)
  for (const address of outside)
    assert.equal(isAllowedAddress(address, ranges), false, String(address))
})

test('all of one family is none of the other', () => {
  assert.equal(isAllowedAddress('2001:db8::1', ['0.0.0.0/0']), false)
  assert.equal(isAllowedAddress('10.0.0.1', ['::/0']), false)
  assert.equal(isAllowedAddress('::ffff:10.0.0.1', ['0.0.0.0/0']), true)
})

test('a range that cannot be read lets nobody in, and does not stop the others', () => {
  assert.equal(isAllowedAddress('10.0.0.1', ['10.0.0']), false)
  assert.equal(isAllowedAddress('10.0.0.1', ['10.0.0', '10.0.0.1']), true)
})

test('a range that cannot be meant is refused with the way out', () => {
  const cases = {
    '10.1.2.3/8':
      'names a host inside of a network; write 10.0.0.0/8 for the network or 10.1.2.3 for the host',
    '2001:db8::1/32':
      'names a host inside of a network; write 2001:db8::/32 for the network or 2001:db8::1 for the host',
    '10.0.0.0/33': 'must have 0 to 32 bits after the slash',
    '::/129': 'must have 0 to 128 bits after the slash',
    '10.0.0.0/': 'must have 0 to 32 bits after the slash',
    '10.0.0.0/-1': 'must have 0 to 32 bits after the slash',
  }
  for (const [text, message] of Object.entries(cases))
    assert.equal(parseAddressRange(text), message, text)
  for (const text of ['', '10.0.0', '10.0.0.0/8/8', 'example.com', 'fe80::1%eth0', '10.0.0.1:443'])
    assert.match(String(parseAddressRange(text)), /^must be an address or a CIDR/, text)
})

test('ranges say the same as those of Node', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6())
  fc.assert(
    fc.property(address, fc.nat(128), address, fc.nat(128), (network, bits, caller, flips) => {
      // Callers that share a beginning with the network are the interesting ones.
      const family = isIPv6(network) ? 'ipv6' : 'ipv4'
      const width = family === 'ipv6' ? 128 : 32
      const text = networkOf(network, Math.min(bits, width))
      const near = flips % 2 === 0 ? network : caller
      const list = new BlockList()
      list.addSubnet(text.split('/')[0] ?? '', Number(text.split('/')[1]), family)
      const expected =
        isIPv6(near) === (family === 'ipv6') && list.check(near, isIPv6(near) ? 'ipv6' : 'ipv4')
      assert.equal(isAllowedAddress(near, [text]), expected, `${near} in ${text}`)
    }),
    { seed: 7, numRuns: 2_000 },
  )
})

/** The network, as the refusal of a host inside of it names it. */
function networkOf(address: string, bits: number): string {
  const range = parseAddressRange(`${address}/${bits}`)
  if (typeof range !== 'string') return `${address}/${bits}`
  return /write (\S+) for/.exec(range)?.[1] ?? range
}
