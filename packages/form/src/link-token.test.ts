import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { type KeyRing, type LinkClaims, signLink, verifyLink } from './link-token.ts'

const key = (name: string): Uint8Array => createHash('sha256').update(name).digest()
const RING: KeyRing = {
  current: 'k2',
  keys: new Map([
    ['k1', key('1')],
    ['k2', key('2')],
  ]),
}
const NOW = Date.UTC(2026, 10, 22)
const CLAIMS: LinkClaims = {
  workspaceId: '01900000-0000-7000-8000-000000000001',
  messageId: '01900000-0000-7000-8000-000000000002',
  recipient: 'anna@example.com',
  expiresAt: NOW + 3_600_000,
  nonce: 'AbCdEfGhIjKlMnOpQrStUv',
}
const reasonOf = (token: string, ring = RING, now = NOW) => {
  const verdict = verifyLink(ring, token, now)
  return verdict.ok ? 'ok' : verdict.reason
}
const claims: fc.Arbitrary<LinkClaims> = fc.record(
  {
    workspaceId: fc.uuid(),
    messageId: fc.uuid(),
    recipient: fc.string({ unit: 'binary', maxLength: 100 }),
    expiresAt: fc.integer({ min: NOW + 1, max: NOW * 2 }),
    nonce: fc.string({ minLength: 16, maxLength: 64 }),
  },
  { noNullPrototype: true },
)

test('a token says what was signed, in characters that a URL takes', () => {
  fc.assert(
    fc.property(claims, (one) => {
      const token = signLink(RING, one)
      assert.match(token, /^[\w.-]+$/)
      assert.deepEqual(verifyLink(RING, token, NOW), { ok: true, claims: one })
    }),
    { seed: 16, numRuns: 500 },
  )
})

test('F7 no character of a token can be changed, taken away or added', () => {
  const token = signLink(RING, CLAIMS)
  fc.assert(
    fc.property(
      fc.nat(token.length),
      fc.constantFrom(0, 1),
      fc.constantFrom('', ...'abcABC019._-=~ é'),
      (place, cut, put) => {
        const changed = token.slice(0, place) + put + token.slice(place + cut)
        fc.pre(changed !== token)
        assert.notEqual(reasonOf(changed), 'ok', changed)
      },
    ),
    { seed: 17, numRuns: 3_000 },
  )
})

test('F7 no two claims have one token, and none of another’s pieces fit', () => {
  fc.assert(
    fc.property(claims, claims, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other))
      const [a, b] = [signLink(RING, one).split('.'), signLink(RING, other).split('.')]
      assert.equal(reasonOf([a[0], a[1], a[2], b[3]].join('.')), 'forged')
    }),
    { seed: 18, numRuns: 200 },
  )
})

test('a former key is good for links on their way, and nothing is after it was taken away', () => {
  const former = signLink({ ...RING, current: 'k1' }, CLAIMS)
  assert.equal(reasonOf(former), 'ok')
  assert.equal(reasonOf(former, { ...RING, keys: new Map([['k2', key('2')]]) }), 'unknown_key')
  const swapped = new Map([
    ['k1', key('2')],
    ['k2', key('1')],
  ])
  assert.equal(reasonOf(former, { ...RING, keys: swapped }), 'forged')
  // The id of the key is signed: the same key under another name is another key.
  const renamed = signLink({ current: 'k1', keys: new Map([['k1', key('2')]]) }, CLAIMS)
  assert.equal(reasonOf(renamed.replace('.k1.', '.k2.')), 'forged')
})

test('a link is over at its time', () => {
  const token = signLink(RING, CLAIMS)
  assert.equal(reasonOf(token, RING, CLAIMS.expiresAt - 1), 'ok')
  assert.equal(reasonOf(token, RING, CLAIMS.expiresAt), 'expired')
})

test('rubbish is malformed, and does not throw', () => {
  for (const token of [
    '',
    '.',
    '....',
    'millrace-link-1.k2',
    `millrace-link-1.k2.e30.${'A'.repeat(9_999)}`,
  ])
    assert.equal(reasonOf(token), 'malformed', token.slice(0, 40))
  assert.equal(reasonOf('millrace-link-1.k2.e30.AAAA'), 'forged')
  assert.equal(reasonOf('millrace-link-1.__proto__.e30.AAAA'), 'unknown_key')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => assert.notEqual(reasonOf(text), 'ok')),
    { seed: 19, numRuns: 500 },
  )
})

test('a ring that cannot be trusted is refused by whoever signs', () => {
  const weak: KeyRing = { current: 'k', keys: new Map([['k', Buffer.alloc(31)]]) }
  assert.throws(() => signLink(weak, CLAIMS), /32 bytes/)
  assert.throws(() => signLink({ ...RING, current: 'k3' }, CLAIMS), /in the ring/)
  const dotted: KeyRing = { current: 'a.b', keys: new Map([['a.b', key('1')]]) }
  assert.throws(() => signLink(dotted, CLAIMS), /in the ring/)
  assert.throws(() => signLink(RING, { ...CLAIMS, nonce: 'short' }), /cannot be guessed/)
  assert.throws(() => signLink(RING, { ...CLAIMS, recipient: 'x'.repeat(2_000) }), /fit into a URL/)
})
