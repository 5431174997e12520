import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { WebhookCall } from './call.ts'
import { type JudgedWebhook, judgeCall, refuseBeforeBody } from './judge-call.ts'
import { REFUSALS } from './refusal.ts'
import { CREDENTIALS, HOP_BY_HOP } from './removed-headers.ts'
import { GITHUB, STANDARD } from './vectors-fixture.ts'
import { METHODS } from './webhook.ts'

const OPEN: JudgedWebhook = {
  is_enabled: true,
  methods: METHODS,
  allow_from: [],
  signature: null,
  key: null,
  key_header: null,
  replay_window_seconds: 86_400,
  is_async: false,
}
const CALL: WebhookCall = {
  method: 'POST',
  path: '',
  query: '',
  headers: {},
  body: Buffer.alloc(0),
}
const JSON_TYPE = { 'content-type': 'application/json' }

function judge(webhook: Partial<JudgedWebhook>, call: Partial<WebhookCall>, address = '10.0.0.1') {
  return judgeCall({ ...OPEN, ...webhook }, { ...CALL, ...call }, { now: STANDARD.at, address })
}
function outcome(webhook: Partial<JudgedWebhook>, call: Partial<WebhookCall>, address?: string) {
  const judged = judge(webhook, call, address)
  return judged.isAccepted ? 'accepted' : judged.refusal.reason
}

test('an open webhook takes any of its methods, and no other', () => {
  for (const method of METHODS) assert.equal(outcome({}, { method }), 'accepted')
  assert.deepEqual(judge({ methods: ['POST', 'PUT'] }, { method: 'GET' }), {
    isAccepted: false,
    refusal: {
      reason: 'method_not_allowed',
      detail: 'This webhook is called with POST, PUT.',
      allow: ['POST', 'PUT'],
    },
  })
  for (const method of ['OPTIONS', 'TRACE', 'get', ''])
    assert.equal(outcome({}, { method }), 'method_not_allowed')
})

test('what is not enabled says no more than what does not exist', () => {
  const wrong = { is_enabled: false, allow_from: ['192.0.2.1'], key: 'a-good-key' }
  assert.equal(outcome(wrong, { method: 'TRACE' }), 'disabled')
})

test('what is too large is not looked at', () => {
  const query = 'x'.repeat(16_385)
  assert.equal(outcome({ signature: GITHUB.config }, { query }), 'url_too_large')
})

test('strangers are refused before their call is looked at', () => {
  const webhook = { allow_from: ['192.0.2.0/24'], signature: GITHUB.config }
  assert.equal(outcome(webhook, {}, '10.0.0.1'), 'address_not_allowed')
  assert.equal(outcome(webhook, {}, '192.0.2.9'), 'signature_missing')
})

describe('the key', () => {
  const key = 'a-good-key'

  test('is asked for before the body is read, where it is not in the body', () => {
    const early = (query: string) =>
      refuseBeforeBody({ ...OPEN, key }, { ...CALL, query }, { address: '', bodyBytes: 1 })?.reason
    assert.equal(early('key=a-bad-key'), 'key_mismatch')
    assert.deepEqual([early(`key=${key}`), early('')], [undefined, undefined])
  })

  const json = (value: unknown): Partial<WebhookCall> => ({
    headers: JSON_TYPE,
    body: Buffer.from(JSON.stringify(value)),
  })

  test('comes in the query, in a JSON body, or in the header that was named', () => {
    assert.equal(outcome({ key }, { query: `a=1&key=${key}` }), 'accepted')
    assert.equal(outcome({ key }, json({ key })), 'accepted')
    assert.equal(
      outcome({ key, key_header: 'x-gitlab-token' }, { headers: { 'x-gitlab-token': key } }),
      'accepted',
    )
  })

  test('is missing, or wrong, and the two are told apart', () => {
    const missing: Partial<WebhookCall>[] = [
      {},
      { query: 'Key=a-good-key' },
      { headers: { 'x-gitlab-token': key } },
      json({ key: 1 }),
      json([key]),
      json(key),
      json({ nested: { key } }),
      { headers: { 'content-type': 'text/plain' }, body: Buffer.from(`{"key":"${key}"}`) },
    ]
    for (const call of missing) assert.equal(outcome({ key }, call), 'key_missing')
    const wrong: Partial<WebhookCall>[] = [
      { query: 'key=' },
      { query: `key=${key}x` },
      { query: `key=other&key=${key}` },
      json({ key: `${key} ` }),
      // What is beside the body decides.
      { ...json({ key }), query: 'key=other' },
    ]
    for (const call of wrong) assert.equal(outcome({ key }, call), 'key_mismatch')
  })

  test('H4 is not in the input, wherever it was', () => {
    const judged = judge(
      { key, key_header: 'x-key' },
      { ...json({ key, a: 1 }), query: `key=${key}`, headers: { ...JSON_TYPE, 'x-key': key } },
    )
    assert.ok(judged.isAccepted)
    assert.doesNotMatch(JSON.stringify(judged.input), /a-good-key/)
    assert.deepEqual(judged.input.payload, { json: { a: 1 }, content_type: 'application/json' })
  })

  test('is asked for besides a signature', () => {
    const webhook = { signature: GITHUB.config, key }
    assert.equal(outcome(webhook, GITHUB.call), 'key_missing')
    assert.equal(outcome(webhook, { ...GITHUB.call, query: `key=${key}` }), 'accepted')
    assert.equal(outcome(webhook, { query: `key=${key}` }), 'signature_missing')
  })
})

test('a signed call brings the key by which it is known again, an unsigned one none', () => {
  const judged = judge({ signature: STANDARD.config }, STANDARD.call)
  assert.deepEqual(judged.isAccepted && judged.replay, {
    key: STANDARD.replayKey,
    rememberUntil: STANDARD.at + 86_400_000,
  })
  const open = judge({}, STANDARD.call)
  assert.equal(open.isAccepted && open.replay, null)
})

test('a body is not parsed before its signature is right', () => {
  const broken = { headers: JSON_TYPE, body: Buffer.from('{') }
  assert.equal(outcome({}, broken), 'payload_malformed')
  assert.equal(outcome({ signature: GITHUB.config }, broken), 'signature_missing')
})

test('async is the caller’s choice, else the webhook’s', () => {
  const chosen = (query: string, is_async: boolean) => {
    const judged = judge({ is_async }, { query })
    return judged.isAccepted ? judged.isAsync : judged.refusal.reason
  }
  for (const query of ['async=1', 'async=true', 'async', 'a=1&async=YES'])
    assert.equal(chosen(query, false), true)
  for (const query of ['async=0', 'async=false', 'async=no'])
    assert.equal(chosen(query, true), false)
  assert.equal(chosen('', true), true)
  assert.equal(chosen('', false), false)
  assert.equal(chosen('async=maybe', false), 'query_malformed')
})

describe('hostile calls', () => {
  const name = fc.oneof(
    fc.constantFrom(...CREDENTIALS, ...HOP_BY_HOP, 'content-type', '__proto__', 'constructor'),
    fc.string({ maxLength: 20 }),
  )
  const contentType = fc.oneof(
    fc.constantFrom(
      'application/json',
      'text/plain; charset=utf-16',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'a/b; charset="',
    ),
    fc.string({ unit: 'binary' }),
  )
  const call: fc.Arbitrary<WebhookCall> = fc.record({
    method: fc.constantFrom(...METHODS),
    path: fc.string({ unit: 'binary', maxLength: 3_000 }),
    query: fc.string({ unit: 'binary', maxLength: 200 }),
    headers: fc
      .tuple(
        fc.dictionary(name, fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.string()))),
        contentType,
      )
      .map(([headers, type]) => ({ ...headers, 'content-type': type })),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.json().map((text) => Buffer.from(text)),
    ),
  })
  const presets: JudgedWebhook['signature'][] = [
    null,
    null,
    null,
    GITHUB.config,
    STANDARD.config,
    { preset: 'stripe', secrets: ['s'] },
    { preset: 'slack', secrets: ['s'] },
    { preset: 'generic', secrets: ['s'], header: 'content-type', timestamp_header: 'a' },
  ]

  test('H3 never throw: they give a value that JSON can hold, or a reason from the list', () => {
    let accepted = 0
    fc.assert(
      fc.property(call, fc.constantFrom(...presets), fc.boolean(), (hostile, signature, hasKey) => {
        const key = hasKey ? 'a-good-key' : null
        const judged = judge({ signature, key, key_header: 'te' }, hostile)
        if (!judged.isAccepted) {
          assert.ok(judged.refusal.reason in REFUSALS)
          return
        }
        accepted += 1
        const stored = JSON.stringify(judged.input)
        assert.deepEqual(JSON.parse(stored), judged.input)
        for (const header of Object.keys(judged.input.headers ?? {}))
          assert.ok(!CREDENTIALS.has(header) && !HOP_BY_HOP.has(header))
      }),
      { seed: 10, numRuns: 3_000 },
    )
    assert.ok(accepted > 300, `only ${accepted} were accepted: the property saw refusals alone`)
  })
})
