import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { WebhookCall } from './call.ts'
import type { SignatureConfig, TimestampFormat } from './signature-config.ts'
import { verifySignature } from './verify-signature.ts'
import { GENERIC, GITHUB, SLACK, STANDARD, STRIPE, type Vector } from './vectors-fixture.ts'

const WINDOW = 86_400
const VECTORS: readonly Vector[] = [GITHUB, STRIPE, SLACK, STANDARD, ...GENERIC]

const verify = (config: SignatureConfig, call: WebhookCall, now: number) =>
  verifySignature(config, call, { now, replayWindowSeconds: WINDOW })
const reasonOf = (config: SignatureConfig, call: WebhookCall, now: number) => {
  const verdict = verify(config, call, now)
  return verdict.ok ? 'ok' : verdict.reason
}
const withHeaders = (call: WebhookCall, headers: Record<string, string>): WebhookCall => ({
  ...call,
  headers: { ...call.headers, ...headers },
})

describe('published examples', () => {
  for (const { name, config, call, at, replayKey } of VECTORS)
    test(`${name} is accepted, and known again by ${replayKey.slice(0, 40)}`, () => {
      assert.deepEqual(verify(config, call, at), {
        ok: true,
        replayKey,
        rememberUntil: at + WINDOW * 1_000,
      })
    })

  for (const { name, config, call, at } of VECTORS) {
    test(`H1 ${name} is refused with one bit of the body changed`, () => {
      fc.assert(
        fc.property(fc.nat(call.body.length * 8 - 1), (bit) => {
          const body = Uint8Array.from(call.body)
          body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          assert.equal(reasonOf(config, { ...call, body }, at), 'signature_mismatch')
        }),
        { seed: 4, numRuns: 200 },
      )
    })

    test(`H1 ${name} is refused with a byte of the body added, taken away or cut off`, () => {
      const { body } = call
      for (const other of [
        Buffer.concat([body, Buffer.from('\n')]),
        body.subarray(1),
        Buffer.alloc(0),
      ])
        assert.equal(reasonOf(config, { ...call, body: other }, at), 'signature_mismatch')
    })

    test(`H1 ${name} is refused with one character of a header changed`, () => {
      const signed = Object.entries(call.headers as Record<string, string>)
        .filter(([header]) => !UNSIGNED.includes(header))
        .flatMap(([header, value]) =>
          [...signedPart(value)].map((_, at) => ({ header, value, at })),
        )
      fc.assert(
        fc.property(
          fc.constantFrom(...signed),
          fc.constantFrom(...'0123456789abcdefXYZ=,.'),
          ({ header, value, at: place }, character) => {
            const changed = value.slice(0, place) + character + value.slice(place + 1)
            fc.pre(!saysTheSame(value, changed))
            assert.notEqual(reasonOf(config, withHeaders(call, { [header]: changed }), at), 'ok')
          },
        ),
        { seed: 5, numRuns: 400 },
      )
    })

    test(`${name} is refused under other secrets, and accepted under one of several`, () => {
      const secrets = [OTHER[config.preset], ...config.secrets, OTHER[config.preset]]
      assert.equal(reasonOf({ ...config, secrets }, call, at), 'ok')
      assert.equal(
        reasonOf({ ...config, secrets: [OTHER[config.preset]] }, call, at),
        'signature_mismatch',
      )
      assert.equal(reasonOf({ ...config, secrets: [] }, call, at), 'signature_mismatch')
    })
  }
})

describe('what is missing or cannot be read', () => {
  test('has a reason of its own for each preset', () => {
    const without = (call: WebhookCall, header: string) => withHeaders(call, { [header]: '' })
    const cases: [Vector, string, string][] = [
      [GITHUB, 'x-hub-signature-256', 'signature_missing'],
      [STRIPE, 'stripe-signature', 'signature_missing'],
      [SLACK, 'x-slack-signature', 'signature_missing'],
      [SLACK, 'x-slack-request-timestamp', 'timestamp_missing'],
      [STANDARD, 'webhook-signature', 'signature_missing'],
      [STANDARD, 'webhook-id', 'id_missing'],
      [STANDARD, 'webhook-timestamp', 'timestamp_missing'],
    ]
    for (const [{ config, call, at }, header, reason] of cases)
      assert.equal(reasonOf(config, without(call, header), at), reason)
  })

  test('is never taken for a signature', () => {
    const cases: [Vector, string, string, string][] = [
      [GITHUB, 'x-hub-signature-256', 'sha1=00', 'signature_malformed'],
      [GITHUB, 'x-hub-signature-256', 'sha256=', 'signature_malformed'],
      [GITHUB, 'x-hub-signature-256', 'sha256=0', 'signature_malformed'],
      [GITHUB, 'x-hub-signature-256', 'sha256=00', 'signature_mismatch'],
      [STRIPE, 'stripe-signature', 't=1533204620', 'signature_malformed'],
      [STRIPE, 'stripe-signature', 'v1=00', 'signature_malformed'],
      [STRIPE, 'stripe-signature', 't=1,t=2,v1=00', 'signature_malformed'],
      [STRIPE, 'stripe-signature', 't=soon,v1=00', 'timestamp_malformed'],
      [STRIPE, 'stripe-signature', 't=-1,v1=00', 'timestamp_malformed'],
      [SLACK, 'x-slack-signature', 'v1=00', 'signature_malformed'],
      [SLACK, 'x-slack-request-timestamp', '1e9', 'timestamp_malformed'],
      [STANDARD, 'webhook-signature', 'v1a,AAAA', 'signature_malformed'],
      [STANDARD, 'webhook-signature', 'v1,', 'signature_malformed'],
      [STANDARD, 'webhook-timestamp', '0x10', 'timestamp_malformed'],
    ]
    for (const [{ config, call, at }, header, value, reason] of cases)
      assert.equal(reasonOf(config, withHeaders(call, { [header]: value }), at), reason, value)
  })

  test('is told in sentences without the secret or the right signature', () => {
    for (const { config, call, at } of VECTORS) {
      const verdict = verify(config, { ...call, body: Buffer.from('other') }, at)
      assert.ok(!verdict.ok)
      for (const secret of config.secrets) assert.ok(!verdict.message.includes(secret))
      assert.doesNotMatch(verdict.message, /[0-9a-f]{16}/i)
    }
  })

  test('names of headers that every object inherits are not found', () => {
    const config = { preset: 'generic', secrets: ['12345678'], header: 'constructor' } as const
    assert.equal(reasonOf(config, GITHUB.call, 0), 'signature_missing')
  })
})

describe('time', () => {
  const timed = VECTORS.filter(({ config }) => isTimed(config))

  for (const { name, config, call, at } of timed)
    test(`${name} is accepted for five minutes around its time, and for as long as is asked`, () => {
      const seen = (seconds: number, tolerance_seconds?: number) =>
        reasonOf(
          tolerance_seconds === undefined ? config : ({ ...config, tolerance_seconds } as never),
          call,
          at + seconds * 1_000,
        )
      assert.deepEqual(
        [-301, -300, 0, 300, 301].map((seconds) => seen(seconds)),
        ['timestamp_too_new', 'ok', 'ok', 'ok', 'timestamp_too_old'],
      )
      assert.deepEqual([seen(11, 10), seen(600, 600)], ['timestamp_too_old', 'ok'])
    })

  test('is compared in whole seconds, and the key outlives the last of them', () => {
    const { config, call, at } = STANDARD
    const last = at + 300_999
    const first = verifySignature(config, call, { now: at, replayWindowSeconds: 60 })
    assert.equal(reasonOf(config, call, last), 'ok')
    assert.ok(first.ok && first.rememberUntil >= last)
  })

  test('is read in each of its formats, and in no other', () => {
    const at = Date.UTC(2026, 10, 22, 9, 30)
    const seen = (timestamp_format: TimestampFormat, text: string) =>
      reasonOf(...signedWith(timestamp_format, text), at)
    assert.equal(seen('unix_seconds', String(at / 1_000)), 'ok')
    assert.equal(seen('unix_milliseconds', String(at)), 'ok')
    assert.equal(seen('rfc3339', '2026-11-22T09:30:00Z'), 'ok')
    assert.equal(seen('rfc3339', '2026-11-22T10:30:00.123456789+01:00'), 'ok')
    assert.equal(seen('unix_seconds', String(at)), 'timestamp_malformed')
    assert.equal(seen('unix_milliseconds', String(at / 1_000)), 'timestamp_too_old')
    for (const text of [
      '2026-11-22',
      '2026-11-22T09:30:00',
      '22 Nov 2026 09:30:00 GMT',
      '2026-13-01T00:00:00Z',
    ])
      assert.equal(seen('rfc3339', text), 'timestamp_malformed', text)
  })

  test('is not judged before the signature is right', () => {
    const { config, call, at } = STANDARD
    const forged = withHeaders(call, { 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' })
    assert.equal(reasonOf(config, forged, at), 'signature_mismatch')
  })

  test('H2 a call that would be accepted again is still known, by the same key', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...VECTORS),
        fc.integer({ min: -400_000, max: 400_000 }),
        fc.nat(800_000),
        fc.integer({ min: 60, max: 600 }),
        ({ config, call, at }, first, later, replayWindowSeconds) => {
          const now = at + first
          const one = verifySignature(config, call, { now, replayWindowSeconds })
          const two = verifySignature(config, call, { now: now + later, replayWindowSeconds })
          fc.pre(one.ok && two.ok)
          if (!one.ok || !two.ok) return
          assert.equal(two.replayKey, one.replayKey)
          if (isTimed(config)) assert.ok(one.rememberUntil >= now + later)
          assert.ok(one.rememberUntil >= now + replayWindowSeconds * 1_000)
        },
      ),
      { seed: 6, numRuns: 2_000 },
    )
  })
})

test('an empty secret, under which anybody can sign, is none', () => {
  const header = `sha256=${createHmac('sha256', '').update('forged').digest('hex')}`
  const forged = withHeaders(
    { ...GITHUB.call, body: Buffer.from('forged') },
    { 'x-hub-signature-256': header },
  )
  assert.equal(reasonOf({ preset: 'github', secrets: [''] }, forged, 0), 'signature_mismatch')
})

describe('a second attempt', () => {
  test('is known by the id in the body where the sender signs each attempt anew', () => {
    const again = STRIPE.resign(STRIPE.at / 1_000 + 60)
    const verdict = verify(STRIPE.config, again, STRIPE.at + 60_000)
    assert.ok(verdict.ok)
    assert.equal(verdict.replayKey, STRIPE.replayKey)
  })

  test('is known whatever the letters of its signature', () => {
    const { config, call, at } = SLACK
    const upper = withHeaders(call, {
      'x-slack-signature': `v0=${String(call.headers['x-slack-signature']).slice(3).toUpperCase()}`,
    })
    assert.deepEqual(verify(config, upper, at), verify(config, call, at))
  })

  test('is known by a short key, however long its id', () => {
    const { config, call, at } = GITHUB
    const keys = ['a'.repeat(128), 'a'.repeat(129), 'ü', 'b'.repeat(9_999)].map((id) => {
      const verdict = verify(config, withHeaders(call, { 'x-github-delivery': id }), at)
      return verdict.ok ? verdict.replayKey : ''
    })
    assert.equal(new Set(keys).size, 4)
    assert.deepEqual(
      keys.map((key) => key.split(':')[0]),
      ['id', 'sha256', 'sha256', 'sha256'],
    )
    for (const key of keys) assert.match(key, /^[\x20-\x7e]{1,140}$/)
  })
})

test('several signatures in one header are all tried, also when a proxy joined them', () => {
  const { config, call, at } = STANDARD
  const right = String(call.headers['webhook-signature'])
  for (const text of [`v1,AAAA ${right}`, `${right}, v1,AAAA`, `v1a,x ${right} v2,y`])
    assert.equal(reasonOf(config, withHeaders(call, { 'webhook-signature': text }), at), 'ok')
})

test('Standard Webhooks are read under the names of Svix, and secrets without their prefix', () => {
  const { config, call, at } = STANDARD
  const headers = Object.fromEntries(
    Object.entries(call.headers).map(([name, value]) => [name.replace('webhook-', 'svix-'), value]),
  )
  const secrets = config.secrets.map((secret) => secret.replace('whsec_', ''))
  assert.equal(reasonOf({ ...config, secrets }, { ...call, headers }, at), 'ok')
})

/** A call in the generic preset with that text as its time, rightly signed. */
function signedWith(
  timestamp_format: TimestampFormat,
  text: string,
): [SignatureConfig, WebhookCall] {
  const mac = createHmac('sha512', 'a secret').update(`id-1|${text}|body`).digest('base64')
  return [
    {
      preset: 'generic',
      secrets: ['a secret'],
      header: 'x-mac',
      algorithm: 'sha512',
      encoding: 'base64',
      timestamp_header: 'x-time',
      timestamp_format,
      id_header: 'x-id',
      signed_content: '{id}|{timestamp}|{body}',
    },
    {
      ...GITHUB.call,
      headers: { 'x-mac': mac, 'x-time': text, 'x-id': 'id-1' },
      body: Buffer.from('body'),
    },
  ]
}

/** A right secret of nobody's, in the form that the preset wants. */
const OTHER: Readonly<Record<SignatureConfig['preset'], string>> = {
  github: 'another secret',
  stripe: 'another secret',
  slack: 'another secret',
  standard_webhooks: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  generic: 'another secret',
}

function isTimed(config: SignatureConfig): boolean {
  return config.preset === 'generic'
    ? typeof config.timestamp_header === 'string'
    : config.preset !== 'github'
}

const UNSIGNED = ['x-github-delivery', 'x-request-id']
/** Stripe's v0 is of a scheme for tests, which nobody reads. */
const signedPart = (value: string): string => value.replace(/,v0=.*/, '')
/** Letters of hex have two cases, base64 may go without padding, and a last comma is a proxy's. */
const saysTheSame = (a: string, b: string): boolean =>
  a.toLowerCase() === b.toLowerCase() || a.replaceAll(/[=,]/g, '') === b.replaceAll(/[=,]/g, '')
