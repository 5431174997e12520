import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { WebhookCall } from './call.ts'
import { CALL_LIMITS, findOversize, toInputValue, withoutKey } from './input-value.ts'
import { CREDENTIALS, HOP_BY_HOP } from './removed-headers.ts'

const NOTHING: WebhookCall = {
  method: 'POST',
  path: '',
  query: '',
  headers: {},
  body: Buffer.alloc(0),
}
const sent = (type: string | null, body: string | Uint8Array): WebhookCall => ({
  ...NOTHING,
  headers: type === null ? {} : { 'content-type': type },
  body: Buffer.from(body),
})
const payloadOf = (type: string | null, body: string | Uint8Array): unknown => {
  const input = toInputValue(sent(type, body), CALL_LIMITS)
  return 'reason' in input ? input.reason : input.payload
}

test('a call has what was given, and nothing else', () => {
  assert.deepEqual(toInputValue({ ...NOTHING, method: 'GET' }, CALL_LIMITS), { method: 'GET' })
  assert.deepEqual(
    toInputValue(
      {
        method: 'PUT',
        path: '/orders/M%C3%BCller%2F7/%zz',
        query: 'a=1&b=2&b=3&c=&d=x+y%21',
        headers: { 'content-type': 'application/json', 'x-many': ['1', '2'], host: 'h' },
        body: Buffer.from('{"a":[1]}'),
      },
      CALL_LIMITS,
    ),
    {
      method: 'PUT',
      path: '/orders/Müller/7/%zz',
      query: { a: '1', b: ['2', '3'], c: '', d: 'x y!' },
      headers: { 'content-type': 'application/json', 'x-many': '1, 2', host: 'h' },
      payload: { json: { a: [1] }, content_type: 'application/json' },
    },
  )
})

describe('the payload', () => {
  test('is what its content type says', () => {
    const form = 'application/x-www-form-urlencoded'
    const cases: [string | null, string, unknown][] = [
      ['application/json', ' {"a":1} ', { json: { a: 1 } }],
      ['application/json; charset=utf-8', 'null', { json: null }],
      ['Application/VND.api+JSON', '"x"', { json: 'x' }],
      [form, 'a=1&b=%00&a=2', { form: { a: ['1', '2'], b: '\0' } }],
      [form, '?a=1', { form: { '?a': '1' } }],
      ['text/plain', 'héllo', { text: 'héllo' }],
      ['text/csv;charset="utf-8"', 'a,b', { text: 'a,b' }],
      ['application/xml', '<a/>', { text: '<a/>' }],
      ['application/soap+xml', '<a/>', { text: '<a/>' }],
      ['application/octet-stream', 'abc', { base64: 'YWJj' }],
      ['multipart/form-data; boundary=x', 'abc', { base64: 'YWJj' }],
      ['image/png', 'abc', { base64: 'YWJj' }],
      ['json', '{}', { base64: 'e30=' }],
      [null, '{}', { base64: 'e30=' }],
    ]
    for (const [type, body, expected] of cases)
      assert.deepEqual(
        payloadOf(type, body),
        { ...(expected as object), content_type: type },
        type ?? '',
      )
  })

  test('is decoded from its charset, and is bytes where that does not work', () => {
    const latin = Buffer.from('h\xe9llo', 'latin1')
    const type = 'text/plain; charset=ISO-8859-1'
    assert.deepEqual(payloadOf(type, latin), { text: 'héllo', content_type: type })
    for (const other of ['text/plain', 'text/plain; charset=nonsense', 'text/plain; charset=utf-8'])
      assert.deepEqual(payloadOf(other, latin), { base64: 'aOlsbG8=', content_type: other })
  })

  test('is refused when it is said to be JSON and is not', () => {
    const bad = ['{', '{"a":1}x', '\xff', "{'a':1}", 'NaN']
    for (const body of bad)
      assert.equal(payloadOf('application/json', Buffer.from(body, 'latin1')), 'payload_malformed')
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    assert.equal(payloadOf('application/json', nested(65)), 'payload_malformed')
    assert.equal(payloadOf('application/json', nested(100_000)), 'payload_malformed')
    assert.notEqual(payloadOf('application/json', nested(64)), 'payload_malformed')
    for (const text of [nested(100), `\\"${nested(100)}`, `${nested(100)}\\\\`])
      assert.notEqual(payloadOf('application/json', `"${text}"`), 'payload_malformed')
  })

  test('keeps fields named like parts of every object', () => {
    const input = toInputValue(
      { ...sent('application/json', '{"__proto__":{"x":1}}'), query: '__proto__=a&constructor=b' },
      CALL_LIMITS,
    )
    assert.equal(
      JSON.stringify(input),
      '{"method":"POST","query":{"__proto__":"a","constructor":"b"},"headers":{"content-type":"application/json"},"payload":{"json":{"__proto__":{"x":1}},"content_type":"application/json"}}',
    )
    assert.equal(({} as Record<string, unknown>)['x'], undefined)
  })
})

describe('headers', () => {
  test('H4 between neighbours, named by Connection, or with credentials are not the flow’s', () => {
    const headers = Object.fromEntries(
      [...HOP_BY_HOP, ...CREDENTIALS, 'x-kept', 'x-named', 'X-Other'].map((name) => [name, 'v']),
    )
    headers['connection'] = 'close, X-Named'
    const input = toInputValue({ ...NOTHING, headers }, CALL_LIMITS)
    assert.deepEqual(input, { method: 'POST', headers: { 'x-kept': 'v', 'x-other': 'v' } })
  })
})

describe('the webhook’s key', () => {
  const key = 'a-good-key'
  test('is taken out wherever it was sent, and nothing else is', () => {
    assert.deepEqual(
      withoutKey(
        {
          method: 'POST',
          query: { key, a: '1' },
          headers: { 'x-key': key, 'x-a': '1' },
          payload: { json: { key, b: { key } }, content_type: null },
        },
        key,
        'x-key',
      ),
      {
        method: 'POST',
        query: { a: '1' },
        headers: { 'x-a': '1' },
        payload: { json: { b: { key } }, content_type: null },
      },
    )
    assert.deepEqual(
      withoutKey(
        { method: 'POST', query: { key: ['x', key] }, headers: { 'x-key': key } },
        key,
        'x-key',
      ),
      { method: 'POST' },
    )
  })

  test('is not mistaken for a field of the same name', () => {
    const input = {
      method: 'POST',
      query: { key: 'primary' },
      payload: { json: { key: 42 }, content_type: null },
    }
    assert.deepEqual(withoutKey(input, key, null), input)
    const list = { method: 'POST', payload: { json: [{ key }], content_type: null } }
    assert.deepEqual(withoutKey(list, key, null), list)
  })
})

test('what is too large is refused by what is too large', () => {
  const limits = {
    ...CALL_LIMITS,
    bodyBytes: 10,
    headers: 3,
    headerChars: 30,
    pathChars: 5,
    queryChars: 5,
  }
  const reason = (call: Partial<WebhookCall>) =>
    findOversize({ ...NOTHING, ...call }, call.body?.length ?? 0, limits)?.reason ?? null
  assert.equal(reason({ body: Buffer.alloc(10) }), null)
  assert.equal(reason({ body: Buffer.alloc(11) }), 'body_too_large')
  assert.equal(reason({ path: '/12345' }), 'url_too_large')
  assert.equal(reason({ query: '123456' }), 'url_too_large')
  assert.equal(reason({ headers: { a: '1', b: '2', c: '3', d: '4' } }), 'headers_too_large')
  assert.equal(reason({ headers: { a: 'x'.repeat(30) } }), 'headers_too_large')
  const many = Array.from({ length: CALL_LIMITS.fields + 1 }, (_, at) => `f${at}=1`).join('&')
  const read = (call: WebhookCall) => {
    const input = toInputValue(call, CALL_LIMITS)
    return 'reason' in input ? input.reason : null
  }
  assert.equal(read({ ...NOTHING, query: many }), 'url_too_large')
  assert.equal(read(sent('application/x-www-form-urlencoded', many)), 'payload_malformed')
})
