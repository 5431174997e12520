import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { type GatewayFixture, type Reply, send, startGateway } from '../gateway-fixture.ts'
import { createWorkspaceFor } from '../workspace-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
  const script = 'export default (system, self, inputs) => inputs'
  await gateway.request('POST', 'flow', { name: 'f', script })
  const input_schema = {
    type: 'object',
    required: ['payload'],
    properties: { payload: { type: 'object', required: ['json'] } },
  }
  await gateway.request('POST', 'flow', { name: 'strict', script, input_schema })
})
after(() => gateway[Symbol.asyncDispose]())

const SECRET = 'a secret of this test'

/** A webhook that answers at once: nothing runs what this gateway accepts. */
async function webhook(fields: object = {}): Promise<Readonly<Record<string, unknown>>> {
  const body = { name: `w-${newId()}`, flow_name: 'f', is_enabled: true, is_async: true, ...fields }
  const reply = await gateway.request('POST', 'webhook', body)
  assert.equal(reply.status, 201, reply.text)
  return reply.json
}

/** A stranger's call. */
const call = (
  hook: Readonly<Record<string, unknown>>,
  method = 'POST',
  { below = '', body, headers = {} }: { below?: string; body?: unknown; headers?: object } = {},
): Promise<Reply> =>
  send(gateway.url, method, `${String(hook['call_path'])}${below}`, body, headers)

const signed = (body: string, id: string, secret = SECRET) => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  'x-github-delivery': id,
})

const github = { signature: { preset: 'github', secrets: [SECRET] } }

async function executionsOf(hook: Readonly<Record<string, unknown>>): Promise<string[]> {
  const { json } = await gateway.request('GET', 'execution?limit=1000')
  const items = json['items'] as { id: string; webhook_id: string | null }[]
  return items.filter((one) => one.webhook_id === hook['id']).map((one) => one.id)
}

async function deliveries(
  hook: Readonly<Record<string, unknown>>,
  count: number,
): Promise<Record<string, unknown>[]> {
  for (;;) {
    const { json } = await gateway.request('GET', `webhook/${String(hook['id'])}/delivery`)
    const items = json['items'] as Record<string, unknown>[]
    // They are written after the answer.
    if (items.length >= count) return items
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a new webhook is disabled, shows no secret and is called by its name', async () => {
  const body = { name: 'fresh', flow_name: 'f', key: 'a long key', ...github }
  const { json } = await gateway.request('POST', 'webhook', body)
  assert.equal(json['is_enabled'], false)
  assert.equal(json['flow_name'], 'f')
  assert.equal(json['is_key_required'], true)
  assert.equal(json['key'], '***')
  assert.deepEqual(json['signature'], { preset: 'github', secrets: ['***'] })
  assert.equal(json['call_path'], '/api/latest/webhook/fresh/call')
  const unknown = await send(gateway.url, 'POST', 'webhook/nobody/call', undefined, {})
  const disabled = await call(json)
  assert.deepEqual([unknown.status, disabled.status], [404, 404])
  assert.equal(unknown.json['detail'], disabled.json['detail'])
  assert.ok(!JSON.stringify(json).includes(SECRET))
})

test('what is wrong with its fields is said with pointers', async () => {
  const cases: [object, string][] = [
    [{ name: 'x' }, '/flow_id'],
    [{ name: 'x', flow_name: 'f', nonsense: 1 }, '/nonsense'],
    [{ name: 'x', flow_name: 'f', allow_from: ['10.0.0.1/8'] }, '/allow_from/0'],
    [{ name: 'x', flow_name: 'f', key: '***' }, '/key'],
    [{ name: 'x', flow_name: 'f', wait_seconds: 301 }, '/wait_seconds'],
  ]
  for (const [body, pointer] of cases) {
    const { status, json } = await gateway.request('POST', 'webhook', body)
    assert.equal(status, 422)
    assert.equal((json['errors'] as { pointer: string }[])[0]?.pointer, pointer)
  }
  const flow = await gateway.request('POST', 'webhook', { name: 'x', flow_name: 'no such flow' })
  assert.equal(flow.status, 404)
})

test('a change keeps the secrets that it does not name', async () => {
  const hook = await webhook(github)
  const patch = { is_productive: false, rate_limit: { calls: 5, per_seconds: 1 } }
  const path = `webhook/${String(hook['name'])}?by=name`
  assert.equal((await gateway.request('PATCH', path, patch)).json['is_productive'], false)
  const body = '{"a":1}'
  const reply = await call(hook, 'POST', { body, headers: signed(body, newId()) })
  assert.equal(reply.status, 202, reply.text)
  const [id] = await executionsOf(hook)
  const { json } = await gateway.request('GET', `execution/${id}`)
  assert.equal(json['is_productive'], false)
  assert.equal(json['created_by'], hook['id'])
})

test('every method calls it, and the flow gets what came', async () => {
  const hook = await webhook({ key: 'a long key' })
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const reply = await call(hook, method, { below: '/a%20b/c?key=a%20long%20key&x=1&x=2' })
    assert.equal(reply.status, 202, method)
  }
  const body = Buffer.from([0, 255, 1])
  const headers = { 'content-type': 'image/png', 'X-Kept': 'yes', authorization: 'Bearer 1' }
  const raw = await call(hook, 'POST', { below: '/?key=a+long+key', body, headers })
  const { json } = await gateway.request('GET', `execution/${String(raw.json['execution_id'])}`)
  const input = json['input_value'] as {
    method: string
    query?: object
    headers: Record<string, string>
    payload: object
  }
  assert.equal(input.method, 'POST')
  assert.equal(input.query, undefined)
  assert.deepEqual(input.payload, { base64: 'AP8B', content_type: 'image/png' })
  assert.equal(input.headers['x-kept'], 'yes')
  assert.equal(input.headers['authorization'], undefined)
  const methods = new Set<string>()
  for (const id of await executionsOf(hook)) {
    const one = (await gateway.request('GET', `execution/${id}`)).json['input_value'] as {
      method: string
      path?: string
      query?: object
    }
    methods.add(one.method)
    if (one.path !== undefined) {
      assert.equal(one.path, '/a b/c')
      assert.deepEqual(one.query, { x: ['1', '2'] })
    }
  }
  assert.equal(methods.size, 6)
})

test('who may not call is told so, and nothing starts', async () => {
  const keyed = await webhook({ key: 'a long key', methods: ['POST'] })
  const elsewhere = await webhook({ allow_from: ['192.0.2.0/24'] })
  const cases: [Reply, number, string][] = [
    [await call(keyed, 'POST', { below: '?key=wrong' }), 401, 'key_mismatch'],
    [await call(keyed), 401, 'key_missing'],
    [await call(keyed, 'GET', { below: '?key=a%20long%20key' }), 405, 'method_not_allowed'],
    [await call(elsewhere), 403, 'address_not_allowed'],
  ]
  for (const [reply, status, reason] of cases) {
    assert.equal(reply.status, status, reply.text)
    assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
    assert.equal(reply.json['reason'], reason)
  }
  assert.equal(cases[2]?.[0].headers.get('allow'), 'POST')
  assert.deepEqual(await executionsOf(keyed), [])
  const noted = await deliveries(keyed, 3)
  assert.deepEqual(noted.map((one) => one['reason']).toSorted(), [
    'key_mismatch',
    'key_missing',
    'method_not_allowed',
  ])
})

test('JSON that is none is 400, and what does not fit the flow is 422', async () => {
  const hook = await webhook({ flow_name: 'strict' })
  assert.equal((await call(hook, 'POST', { body: '{"a":' })).status, 400)
  const reply = await call(hook, 'POST', {
    body: 'text',
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(reply.status, 422)
  assert.match(String(reply.json['detail']), /json/)
  assert.equal((await call(hook, 'POST', { body: {} })).status, 202)
})

test('a body that is larger than 25 MiB is refused, whether or not it says its size', async () => {
  const hook = await webhook()
  const body = new Uint8Array(26 * 1_048_576)
  const headers = { 'content-type': 'application/octet-stream' }
  assert.equal((await call(hook, 'POST', { body, headers })).status, 413)
  const chunked = await fetch(`${gateway.url}${String(hook['call_path'])}`, {
    method: 'POST',
    headers,
    body: new Blob([body]).stream(),
    duplex: 'half',
  }).then(
    (response) => response.status,
    // Cut off while it was still sending.
    () => 413,
  )
  assert.equal(chunked, 413)
  assert.deepEqual(await executionsOf(hook), [])
})

test('a signed call counts once, however often and however many at once come', async () => {
  const hook = await webhook(github)
  const body = '{"a":1}'
  const again = () => call(hook, 'POST', { body, headers: signed(body, 'delivery-1') })
  const replies = await Promise.all(Array.from({ length: 20 }, again))
  const later = await again()
  const ids = new Set([...replies, later].map((reply) => reply.json['execution_id']))
  assert.equal(ids.size, 1)
  assert.deepEqual(await executionsOf(hook), [...ids])
  assert.deepEqual(replies.map((reply) => reply.status).toSorted(), [
    ...Array.from({ length: 19 }, () => 200),
    202,
  ])
  assert.equal(later.json['is_repeated'], true)
  const other = await call(hook, 'POST', { body, headers: signed(body, 'delivery-2') })
  assert.equal(other.status, 202)
  const forged = await call(hook, 'POST', { body, headers: signed(body, 'delivery-3', 'other') })
  assert.equal(forged.json['reason'], 'signature_mismatch')
  const noted = await deliveries(hook, 23)
  const count = (outcome: string) => noted.filter((one) => one['outcome'] === outcome).length
  assert.deepEqual(['started', 'repeated', 'refused'].map(count), [2, 20, 1])
})

test('a rate lets a burst through and says when to come again; repeats cost nothing', async () => {
  const hook = await webhook({ ...github, rate_limit: { calls: 2, per_seconds: 86_400 } })
  const body = '{}'
  const come = (id: string) => call(hook, 'POST', { body, headers: signed(body, id) })
  assert.equal((await come('1')).status, 202)
  for (let n = 0; n < 5; n += 1) assert.equal((await come('1')).status, 200)
  assert.equal((await come('2')).status, 202)
  const late = await come('3')
  assert.equal(late.status, 429)
  assert.ok(Number(late.headers.get('retry-after')) > 0)
  // What was refused is not remembered: it may come again.
  assert.equal((await come('3')).status, 429)
  assert.equal((await executionsOf(hook)).length, 2)
})

test('the first of a name has it as its address; another workspace is called by id', async () => {
  const first = await webhook({ name: 'shared' })
  const other = await createWorkspaceFor(gateway, 'other')
  await other('POST', 'flow', { name: 'g', script: 'export default () => 1' })
  const body = { name: 'shared', flow_name: 'g', is_enabled: true, is_async: true }
  const second = (await other('POST', 'webhook', body)).json
  assert.equal(first['call_path'], '/api/latest/webhook/shared/call')
  assert.equal(second['call_path'], `/api/latest/webhook/${String(second['id'])}/call`)
  assert.equal((await call(second)).status, 202)
  assert.deepEqual(await executionsOf(first), [])
  assert.equal((await call(first)).status, 202)
  assert.equal((await executionsOf(first)).length, 1)
  await gateway.request('DELETE', `webhook/${String(first['id'])}?permanently=true`)
  const renamed = await other('PATCH', `webhook/${String(second['id'])}`, { name: 'shared' })
  assert.equal(renamed.json['call_path'], '/api/latest/webhook/shared/call')
})

test('what is disabled, or was in the trash, is closed at once', async () => {
  const hook = await webhook()
  const path = `webhook/${String(hook['id'])}`
  assert.equal((await call(hook)).status, 202)
  await gateway.request('PATCH', path, { is_enabled: false })
  assert.equal((await call(hook)).status, 404)
  await gateway.request('PATCH', path, { is_enabled: true })
  await gateway.request('DELETE', path)
  assert.equal((await call(hook)).status, 404)
  assert.equal((await gateway.request('POST', `${path}/restore`)).json['is_enabled'], false)
})

test('a flow that is gone is told like a webhook that is not there', async () => {
  await gateway.request('POST', 'flow', { name: 'gone', script: 'export default () => 1' })
  const hook = await webhook({ flow_name: 'gone' })
  await gateway.request('DELETE', 'flow/gone?by=name')
  const reply = await call(hook)
  assert.equal(reply.status, 404)
  assert.equal((await deliveries(hook, 1))[0]?.['reason'], 'flow_missing')
})
