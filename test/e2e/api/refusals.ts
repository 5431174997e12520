import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StackInUse } from '../../stack/index.ts'
import { post, raw, type RawAnswer, UNKNOWN_ID } from './raw-request.ts'

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

/** What cannot be is refused with the documented status and a problem document. */
export function refusals(at: StackInUse): void {
  describe('refusals are problem documents that tell the way out', { concurrency: true }, () => {
    const REFUSALS: readonly {
      name: string
      status: number
      send: () => Promise<RawAnswer>
      says?: RegExp
      pointer?: string
    }[] = [
      {
        name: 'an unknown flow',
        status: 404,
        send: () => post(at, '/execution', { flow_name: 'nowhere' }),
        says: /nowhere/,
      },
      {
        name: 'an unknown execution',
        status: 404,
        send: () => raw(at, `/execution/${UNKNOWN_ID}`),
        says: new RegExp(`${UNKNOWN_ID}.* removed some time after their end`),
      },
      { name: 'an id that is none', status: 404, send: () => raw(at, '/execution/not-an-id') },
      { name: 'an unknown path', status: 404, send: () => raw(at, '/nothing') },
      {
        name: 'malformed JSON',
        status: 400,
        send: () => post(at, '/execution', '{"flow_name": "hello"'),
        says: /JSON/i,
      },
      { name: 'a body that is no object', status: 422, send: () => post(at, '/execution', '[]') },
      {
        name: 'nothing to run',
        status: 422,
        send: () => post(at, '/execution', {}),
        says: /flow_name|flow_id|script/,
      },
      {
        name: 'two things to run',
        status: 422,
        send: () =>
          post(at, '/execution', { flow_name: 'hello', script: 'export default () => 1' }),
      },
      {
        name: 'a wrong type',
        status: 422,
        send: () => post(at, '/execution', { flow_name: 'hello', priority: 'high' }),
        pointer: '/priority',
      },
      {
        name: 'an unknown field',
        status: 422,
        send: () => post(at, '/execution', { flow_name: 'hello', colour: 'red' }),
        pointer: '/colour',
      },
      {
        name: 'a wait that is too long',
        status: 422,
        send: () => post(at, '/execution?wait=301', { flow_name: 'hello' }),
        says: /300/,
      },
      {
        name: 'a limit that is too high',
        status: 422,
        send: () => raw(at, '/execution?limit=1001'),
        says: /1,?000/,
      },
      {
        name: 'a filter that is no JSON',
        status: 422,
        send: () => raw(at, '/execution?filter=nonsense'),
      },
      {
        name: 'an expensive filter without a time range',
        status: 422,
        send: () =>
          raw(
            at,
            `/execution?filter=${encodeURIComponent('{"field":"input_value.n","op":"eq","value":"1"}')}`,
          ),
        says: /7 days|time range/,
      },
      {
        name: 'a cursor of another list',
        status: 422,
        send: () => raw(at, '/execution?cursor=nonsense'),
        says: /cursor/i,
      },
      {
        name: '65 levels',
        status: 422,
        send: () => post(at, '/execution', `{"flow_name":"hello","input_value":${nested(64)}}`),
        says: /64/,
      },
      {
        name: '65 MiB',
        status: 413,
        send: () =>
          post(
            at,
            '/execution',
            `{"flow_name":"hello","input_value":"${'x'.repeat(65 * 1024 * 1024)}"}`,
          ),
        says: /64 ?MiB|67,?108,?864/,
      },
      {
        name: 'a script that does not parse',
        status: 422,
        send: () => post(at, '/execution', { script: 'export default (' }),
        pointer: '/script',
      },
      {
        name: 'a name that is taken',
        status: 409,
        send: () => post(at, '/flow', { name: 'hello', script: 'export default () => 1' }),
        says: /hello/,
      },
      {
        name: 'no credentials',
        status: 401,
        send: () => raw(at, '/execution', { headers: { authorization: '' } }),
      },
      {
        name: 'wrong credentials',
        status: 401,
        send: () => raw(at, '/execution', { headers: { authorization: 'Bearer nonsense' } }),
      },
      {
        name: 'a wrong password',
        status: 401,
        send: () =>
          post(
            at,
            '/auth/login',
            { user_name: at.stack.credentials.user_name, password: 'wrong' },
            { authorization: '' },
          ),
      },
    ]
    for (const { name, status, send, says, pointer } of REFUSALS) {
      test(`${name}: ${status}`, async () => {
        const answer = await send()
        assert.equal(answer.status, status, answer.text.slice(0, 500))
        assert.match(answer.type, /^application\/problem\+json/)
        assert.equal(answer.body?.['status'], status)
        assert.ok(typeof answer.body['title'] === 'string' && answer.body['title'] !== '')
        assert.ok(
          typeof answer.body['detail'] === 'string' && answer.body['detail'] !== '',
          'it says what to do',
        )
        if (says !== undefined) assert.match(answer.text, says)
        if (pointer !== undefined) {
          const errors = answer.body['errors'] as { pointer: string; message: string }[]
          assert.ok(
            errors.some((error) => error.pointer === pointer),
            answer.text,
          )
        }
        assert.doesNotMatch(answer.text, /\n\s+at |node_modules|\.ts:/)
      })
    }

    test('64 levels and a megabyte are fine', async () => {
      const deep = await post(
        at,
        '/execution?wait=20',
        `{"flow_name":"hello","input_value":{"name":${nested(62)}}}`,
      )
      assert.equal(deep.status, 200, deep.text.slice(0, 300))
      const large = 'x'.repeat(1024 * 1024)
      const ended = await at.stack.client.executions.create(
        { flow_name: 'hello', input_value: { name: large } },
        { waitSeconds: 20 },
      )
      assert.equal((ended.output_value as { hello: string }).hello, large)
    })

    test('an input that does not match the schema of the flow names the place', async () => {
      const input_schema = {
        type: 'object',
        properties: { n: { type: 'integer' } },
        required: ['n'],
      }
      await at.stack.client.flows.create({
        name: 'strict',
        script: 'export default (s, e, i) => i.n',
        input_schema,
      })
      const answer = await post(at, '/execution', {
        flow_name: 'strict',
        input_value: { n: 'one' },
      })
      assert.equal(answer.status, 422)
      assert.match(answer.text, /\/input_value\/n/)
      assert.equal(
        (await post(at, '/execution?wait=20', { flow_name: 'strict', input_value: { n: 1 } }))
          .body?.['output_value'],
        1,
      )
    })
  })
}
