import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { type Doors, item, property, useDoors } from '../harness.ts'

interface Hook {
  readonly name: string
  readonly path: string
}

/** An enabled webhook of a flow with this body. */
async function hook({ rig, client }: Doors, body: string, fields: object = {}): Promise<Hook> {
  const name = `hook-${newId()}`
  await rig.flow(name, body)
  const made = await client.webhooks.create({ name, flow_name: name, is_enabled: true, ...fields })
  return { name, path: made.call_path.slice('/api/latest'.length) }
}

const ECHO = 'return inputs'

/** What the flow of an echoing webhook was given. */
async function inputOf(
  doors: Doors,
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Record<string, unknown>> {
  const { status, json, text } = await doors.rest(method, path, options.body, options.headers)
  assert.equal(status, 200, text)
  return json['output_value'] as Record<string, unknown>
}

describe('webhooks', { concurrency: 3, timeout: 180_000 }, () => {
  useDoors()

  item(
    '11.1',
    'it is called below its name, and the parts that follow reach the flow',
    async (doors) => {
      const { name, path } = await hook(doors, ECHO)
      assert.equal(path, `/webhook/${name}/call`)
      assert.equal((await inputOf(doors, 'POST', path))['path'], undefined)
      assert.equal((await inputOf(doors, 'POST', `${path}/orders/a%20b`))['path'], '/orders/a b')
      assert.equal((await doors.rest('POST', `/webhook/${name}-other/call`)).status, 404)
    },
  )

  item(
    ['11.2', '11.8'],
    'GET, DELETE, POST, PUT, PATCH and HEAD each start a run, with the method in its input',
    async (doors) => {
      const { path } = await hook(doors, ECHO)
      for (const method of ['GET', 'DELETE', 'POST', 'PUT', 'PATCH'])
        assert.equal((await inputOf(doors, method, `${path}?a=1`))['method'], method)
      const head = await doors.rest('HEAD', path)
      assert.deepEqual([head.status, head.text], [200, ''])
      const input = await inputOf(doors, 'POST', `${path}?a=1`, { body: { b: [2] } })
      assert.deepEqual(input['query'], { a: '1' })
      assert.deepEqual((input['payload'] as Record<string, unknown>)['json'], { b: [2] })
    },
  )

  item('11.3', 'names of headers are lower case in the input, whatever was sent', async (doors) => {
    const { path } = await hook(doors, ECHO)
    const headers = { 'X-MiXed-Case': 'Yes' }
    const input = await inputOf(doors, 'POST', path, { headers })
    assert.equal((input['headers'] as Record<string, string>)['x-mixed-case'], 'Yes')
  })

  item('11.4', 'a new one is disabled, and answers once it is enabled', async (doors) => {
    const { name, path } = await hook(doors, ECHO, { is_enabled: undefined })
    assert.equal((await doors.client.webhooks.get(name, { by: 'name' })).is_enabled, false)
    assert.equal((await doors.rest('POST', path)).status, 404)
    await doors.client.webhooks.update(name, { is_enabled: true }, { by: 'name' })
    assert.equal((await doors.rest('POST', path)).status, 200)
  })

  item(
    '11.5',
    'its key may come in the query or in the payload, and has to come',
    async (doors) => {
      const { path } = await hook(doors, ECHO, { key: 'open sesame' })
      assert.equal((await doors.rest('POST', path)).status, 401)
      assert.equal((await doors.rest('POST', `${path}?key=wrong`)).status, 401)
      const inQuery = await inputOf(doors, 'POST', `${path}?key=open%20sesame&a=1`)
      assert.deepEqual(inQuery['query'], { a: '1' })
      const body = { key: 'open sesame', b: 2 }
      const inPayload = await inputOf(doors, 'POST', path, { body })
      assert.deepEqual((inPayload['payload'] as Record<string, unknown>)['json'], { b: 2 })
    },
  )

  item(
    '11.6',
    'a call gets the result of the run; with async it gets its id at once',
    async (doors) => {
      const { path } = await hook(doors, 'await self.sleep(0.5); return 7')
      const waited = await doors.rest('POST', path)
      assert.deepEqual([waited.status, waited.json['output_value']], [200, 7])
      const { path: slow } = await hook(doors, `await gate(self, 'hold')`)
      const atOnce = await doors.rest('POST', `${slow}?async=1`)
      assert.equal(atOnce.status, 202)
      const id = String(atOnce.json['execution_id'])
      assert.equal((await doors.client.executions.get(id)).ended_at, null)
      await doors.client.executions.cancel(id)
    },
  )

  item('11.7', 'a run may answer with a status, headers and a body of its own', async (doors) => {
    const { path } = await hook(
      doors,
      `return { response: { status: 418, headers: { 'Content-Type': 'text/html', 'X-A': 'b' }, body: '<h1>' } }`,
    )
    const { status, headers, text } = await doors.rest('GET', path)
    assert.deepEqual(
      [status, headers.get('content-type'), headers.get('x-a'), text],
      [418, 'text/html', 'b', '<h1>'],
    )
  })

  item('11.9', 'it has a flow and a mode, and says whether it needs a key', async (doors) => {
    const { name, path } = await hook(doors, 'return 1', {
      is_productive: false,
      key: 'a long key',
    })
    const shown = await doors.client.webhooks.get(name, { by: 'name' })
    assert.deepEqual(
      [shown.flow_name, shown.is_productive, shown.is_key_required, shown['key']],
      [name, false, true, '***'],
    )
    const { json } = await doors.rest('POST', `${path}?key=a%20long%20key`)
    const run = await doors.client.executions.get(String(json['execution_id']))
    assert.deepEqual([run.is_productive, run.webhook_id], [false, shown.id])
  })

  property(
    'webhook_id',
    'it is that of the webhook, and null for what came otherwise',
    async (doors) => {
      const { name, path } = await hook(doors, 'return (await self.flow(inputs.query.flow)).id')
      await doors.rig.flow(`${name}-child`, 'return 1')
      const { json } = await doors.rest('POST', `${path}?flow=${name}-child`)
      const webhook = await doors.client.webhooks.get(name, { by: 'name' })
      const run = await doors.client.executions.get(String(json['execution_id']))
      const child = await doors.client.executions.get(String(json['output_value']))
      assert.deepEqual([run.webhook_id, child.webhook_id], [webhook.id, null])
      assert.equal(run.created_by, webhook.id)
    },
  )
})
