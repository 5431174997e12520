import assert from 'node:assert/strict'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { refusalAnswer } from './http-answer.ts'
import { rateLimited, type RefusalReason, REFUSALS } from './refusal.ts'
import { type EndedRun, replayedAnswer, runAnswer, startedAnswer } from './run-answer.ts'

const RUN: EndedRun = {
  executionId: '01900000-0000-7000-8000-000000000001',
  status: 'ENDED_SUCCESS',
  hasSucceeded: true,
  message: 'all done',
  output: { total: 3 },
}
const FAILED: EndedRun = {
  ...RUN,
  status: 'ENDED_ERROR',
  hasSucceeded: false,
  message: 'Error: password hunter2 is wrong\n  at handler',
}
const GUARD = {
  'content-security-policy':
    'sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts',
  'x-content-type-options': 'nosniff',
}
const answered = (response: unknown, run = RUN) => runAnswer({ ...run, output: { response } })
const bodyOf = ({ body }: { body: string | Uint8Array }): Record<string, unknown> =>
  JSON.parse(String(body)) as Record<string, unknown>
const pointersOf = (response: unknown): unknown => {
  const answer = answered(response)
  assert.equal(answer.status, 500)
  return (bodyOf(answer)['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)
}

test('an ended run is its result as JSON', () => {
  assert.deepEqual(runAnswer(RUN), {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      execution_id: RUN.executionId,
      status: 'ENDED_SUCCESS',
      message: 'all done',
      output_value: { total: 3 },
    }),
  })
  assert.equal(bodyOf(runAnswer({ ...RUN, output: undefined }))['output_value'], null)
  // A field of that name which is no object is data.
  assert.deepEqual(bodyOf(answered('yes'))['output_value'], { response: 'yes' })
})

test('a failed run gives its id and nothing of its reasons', () => {
  const answer = runAnswer(FAILED)
  assert.equal(answer.status, 500)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.doesNotMatch(String(answer.body), /hunter2|total/)
  assert.deepEqual(bodyOf(answer), {
    type: 'https://millrace.dev/problems/internal-error',
    title: 'Internal error',
    status: 500,
    detail: 'The flow did not succeed. Its execution says why.',
    instance: `/api/latest/execution/${RUN.executionId}`,
    execution_id: RUN.executionId,
    execution_status: 'ENDED_ERROR',
  })
})

describe('a response of the flow', () => {
  test('is sent as text, JSON or bytes', () => {
    assert.deepEqual(answered({ body: '<p>hi' }), {
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8', ...GUARD },
      body: '<p>hi',
    })
    assert.deepEqual(answered({ status: 201, json: { a: [null] } }), {
      status: 201,
      headers: { 'content-type': 'application/json', ...GUARD },
      body: '{"a":[null]}',
    })
    assert.deepEqual(answered({ base64: '/+8=', headers: { 'Content-Type': 'image/png' } }), {
      status: 200,
      headers: { 'content-type': 'image/png', ...GUARD },
      body: Buffer.from([0xff, 0xef]),
    })
    assert.equal(answered({ json: null }).body, 'null')
    assert.equal(answered({ body: '' }).status, 200)
  })

  test('without content is 204, and statuses without a body have none', () => {
    assert.deepEqual(answered({}), { status: 204, headers: GUARD, body: '' })
    for (const status of [204, 205, 304])
      assert.deepEqual(answered({ status, body: 'x' }), { status, headers: GUARD, body: '' })
    assert.deepEqual(answered({ status: 302, headers: { location: '/a' } }), {
      status: 302,
      headers: { location: '/a', ...GUARD },
      body: '',
    })
  })

  test('may also be that of a run that ended in error', () => {
    assert.equal(answered({ status: 422, json: {} }, FAILED).status, 422)
  })

  test('keeps its own policy besides ours', () => {
    const headers = { 'Content-Security-Policy': "default-src 'none'" }
    assert.equal(
      answered({ body: 'x', headers }).headers['content-security-policy'],
      `default-src 'none', ${GUARD['content-security-policy']}`,
    )
  })

  test('that cannot be sent is 500 with the places that are wrong', () => {
    for (const status of [199, 600, 101, 200.5, '200', null, Number.NaN])
      assert.deepEqual(pointersOf({ status }), ['/response/status'])
    assert.deepEqual(pointersOf({ body: 'x', json: 1 }), ['/response'])
    assert.deepEqual(pointersOf({ body: { a: 1 } }), ['/response/body'])
    for (const base64 of ['%%', 'a b', 1])
      assert.deepEqual(pointersOf({ base64 }), ['/response/base64'])
    assert.deepEqual(pointersOf({ statuscode: 200 }), ['/response/statuscode'])
    assert.deepEqual(pointersOf({ headers: [] }), ['/response/headers'])
    assert.deepEqual(pointersOf({ headers: { a: 'x', A: 'y' } }), ['/response/headers/A'])
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`x-${at}`, '']))
    assert.deepEqual(pointersOf({ headers: many }), ['/response/headers'])
    const answer = answered({ status: 1 })
    assert.equal(bodyOf(answer)['execution_id'], RUN.executionId)
  })

  test('H6 sets no header that frames, belongs to the way, or acts on our origin', () => {
    const names = [
      'Content-Length',
      'Transfer-Encoding',
      'connection',
      'Keep-Alive',
      'upgrade',
      'trailer',
      'Set-Cookie',
      'clear-site-data',
      'strict-transport-security',
      'service-worker-allowed',
      ':status',
      'a b',
      'a\r\nb',
      '',
      'ü',
    ]
    for (const name of names)
      assert.deepEqual(pointersOf({ headers: { [name]: '1' } }), [
        `/response/headers/${name.replaceAll('/', '~1')}`,
      ])
    for (const value of [
      'a\r\nset-cookie: x=1',
      'a\nb',
      'a\0',
      '€',
      1,
      null,
      ['a', 1],
      'x'.repeat(8_193),
    ])
      assert.deepEqual(pointersOf({ headers: { 'x-a': value } }), ['/response/headers/x-a'])
    assert.equal(answered({ headers: { 'x-a': ['1', '2'] } }).headers['x-a'], '1, 2')
  })

  test('H6 whatever it holds, Node can send it, and it says one thing', () => {
    const header = fc.oneof(fc.constantFrom('x-a', 'Set-Cookie', 'vary', '__proto__'), fc.string())
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('a\r\n\r\nHTTP/1.1 200 OK'))
    let sent = 0
    fc.assert(
      fc.property(
        fc
          .tuple(
            fc.record(
              {
                status: fc.oneof(fc.integer({ min: 195, max: 605 }), fc.constant('200')),
                headers: fc.dictionary(
                  fc.oneof(
                    { weight: 6, arbitrary: fc.stringMatching(/^[xyz]-[a-z]{1,8}$/) },
                    { weight: 1, arbitrary: header },
                  ),
                  fc.oneof(fc.string(), text, fc.array(fc.string()), fc.integer()),
                  { maxKeys: 3 },
                ),
              },
              { requiredKeys: [] },
            ),
            fc.oneof(
              fc.record({ body: text }),
              fc.record({ json: fc.jsonValue() }),
              fc.record({ base64: fc.oneof(fc.base64String(), text) }),
              fc.record({ body: fc.jsonValue(), json: fc.jsonValue() }, { requiredKeys: [] }),
            ),
          )
          .map(([head, content]) => ({ ...head, ...content })),
        (response) => {
          const answer = answered(response)
          assert.ok(answer.status >= 200 && answer.status <= 599)
          for (const [name, value] of Object.entries(answer.headers)) {
            validateHeaderName(name)
            validateHeaderValue(name, value)
            assert.notEqual(name, 'set-cookie')
          }
          if (answer.headers['content-type'] === 'application/problem+json') return
          sent += 1
          assert.ok(answer.headers['content-security-policy']?.includes('sandbox'))
        },
      ),
      { seed: 11, numRuns: 1_500 },
    )
    assert.ok(sent > 200, `only ${sent} could be sent`)
  })
})

test('a run that goes on is accepted, a repeated delivery is done', () => {
  const location = `/api/latest/execution/${RUN.executionId}`
  const started = startedAnswer(RUN.executionId)
  assert.equal(started.status, 202)
  assert.equal(started.headers['location'], location)
  assert.deepEqual(bodyOf(started), { execution_id: RUN.executionId })
  const repeated = replayedAnswer(RUN.executionId)
  assert.equal(repeated.status, 200)
  assert.equal(repeated.headers['location'], location)
  assert.deepEqual(bodyOf(repeated), { execution_id: RUN.executionId, is_repeated: true })
})

test('a refusal is a problem document with what its status owes', () => {
  for (const reason of Object.keys(REFUSALS) as RefusalReason[]) {
    const answer = refusalAnswer({ reason, detail: 'd' }, '/api/latest/webhook/a/call')
    assert.equal(answer.status, REFUSALS[reason])
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.headers['www-authenticate'] !== undefined, answer.status === 401)
    const body = bodyOf(answer)
    assert.notEqual(body['title'], 'Error', reason)
    assert.deepEqual(
      [body['status'], body['reason'], body['instance']],
      [answer.status, reason, '/api/latest/webhook/a/call'],
    )
  }
  assert.equal(refusalAnswer(rateLimited(7), '/').headers['retry-after'], '7')
  const allow = ['GET', 'POST']
  assert.equal(
    refusalAnswer({ reason: 'method_not_allowed', detail: 'd', allow }, '/').headers['allow'],
    'GET, POST',
  )
})
