import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type GatewayFixture, send, startGateway } from '../gateway-fixture.ts'
import { createWorkspaceFor } from '../workspace-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
})
after(() => gateway[Symbol.asyncDispose]())

const problem = async (status: number, ...args: Parameters<GatewayFixture['request']>) => {
  const reply = await gateway.request(...args)
  assert.equal(reply.status, status, reply.text)
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
  const document = reply.json as Record<string, unknown>
  assert.equal(document['status'], status)
  for (const field of ['type', 'title', 'detail', 'instance'])
    assert.equal(typeof document[field], 'string', field)
  return { ...reply, document }
}

test('what is wrong with a request is said with status, pointer and the way out', async () => {
  await problem(404, 'GET', 'nothing')
  await problem(404, 'POST', 'execution', { flow_name: 'unknown' })
  await problem(404, 'GET', 'execution/not-an-id')
  await problem(400, 'POST', 'execution', '{"flow_name":')
  await problem(400, 'POST', 'execution')
  await problem(422, 'POST', 'execution', `${'['.repeat(65)}${']'.repeat(65)}`)
  await problem(422, 'POST', 'execution', { flow_name: 'a', script: 'b' })
  await problem(400, 'GET', 'execution/%zz')
  await problem(400, 'DELETE', 'flow/%F0%9F')
  await problem(414, 'GET', `flow/${'x'.repeat(3_000)}`)
  await problem(422, 'POST', 'auth/logout', 'null')
  await problem(422, 'GET', 'execution?limit=0')
  await problem(422, 'GET', 'execution?nonsense=1')
  await problem(415, 'POST', 'execution', 'x', { 'content-type': 'text/plain' })
  const allow = await problem(405, 'DELETE', 'execution')
  assert.equal(allow.headers.get('allow'), 'POST, GET')
  const { document } = await problem(422, 'POST', 'execution', { flow_name: 3, nope: 1 })
  assert.deepEqual(document['errors'], [
    { pointer: '/nope', message: 'is not known' },
    { pointer: '/flow_name', message: 'must be string' },
  ])
  const later = await problem(422, 'POST', 'execution', { script: '1', roles: ['r'] })
  assert.match(String(later.document['detail']), /not available yet/)
})

test('a body of 65 MiB is refused early, whether or not it says its size', async () => {
  const body = new Uint8Array(65 * 1_048_576).fill(0x20)
  await problem(413, 'POST', 'execution', body)
  const begun = performance.now()
  const anonymous = await send(gateway.url, 'POST', 'execution', body, {})
  assert.equal(anonymous.status, 401)
  assert.ok(performance.now() - begun < 30_000)
})

test('without credentials, or with wrong ones, nothing is told but how to get some', async () => {
  for (const authorization of [
    '',
    'Bearer nonsense',
    `Bearer ${gateway.admin.apiKey.slice(0, -1)}x`,
  ])
    assert.match(
      String(
        (await problem(401, 'GET', 'auth/whoami', undefined, { authorization })).document['detail'],
      ),
      /credential/i,
    )
  const bare = await gateway.request('GET', 'auth/whoami', undefined, {
    authorization: gateway.admin.apiKey,
  })
  assert.equal(bare.status, 200)
})

test('a login gives a token and a cookie that end with the logout', async () => {
  const credentials = { user_name: 'admin', password: 'a password' }
  const session = await gateway.request('POST', 'auth/login', credentials, { authorization: '' })
  assert.equal(session.status, 200)
  const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const asked = { authorization: '', cookie }
  assert.equal((await gateway.request('GET', 'auth/whoami', undefined, asked)).status, 200)
  const foreign = { ...asked, origin: 'https://elsewhere.example' }
  assert.equal((await gateway.request('POST', 'project', { name: 'x' }, foreign)).status, 403)
  assert.equal((await gateway.request('POST', 'auth/logout', undefined, asked)).status, 204)
  assert.equal((await gateway.request('GET', 'auth/whoami', undefined, asked)).status, 401)
})

test('repeated failures lock the account for this address, even against the right password', async () => {
  const wrong = { user_name: 'nobody', password: 'wrong' }
  for (let index = 0; index < 10; index += 1)
    await problem(401, 'POST', 'auth/login', wrong, { authorization: '' })
  const { headers } = await problem(429, 'POST', 'auth/login', wrong, { authorization: '' })
  assert.ok(Number(headers.get('retry-after')) > 0)
})

test('guesses that come all at once are no more than those that come one by one', async () => {
  const wrong = { user_name: 'nobody else', password: 'wrong' }
  const guesses = Array.from({ length: 60 }, () =>
    gateway.request('POST', 'auth/login', wrong, { authorization: '' }),
  )
  const replies = await Promise.all(guesses)
  const counted = Map.groupBy(replies, ({ status }) => status)
  assert.deepEqual([counted.get(401)?.length, counted.get(429)?.length], [10, 50])
})

test('a new password ends the sessions of its user, but not the one that has set it', async () => {
  const login = async (password: string) => {
    const credentials = { user_name: 'kim', password }
    const { json } = await gateway.request('POST', 'auth/login', credentials, { authorization: '' })
    return { authorization: `Bearer ${String(json['token'])}` }
  }
  const user = { name: 'kim', password: 'the first one' }
  const { json } = await gateway.request('POST', 'user', user)
  const [own, stolen] = [await login(user.password), await login(user.password)]
  const asked = async (headers: object) =>
    (await gateway.request('GET', 'auth/whoami', undefined, headers)).status
  assert.deepEqual([await asked(own), await asked(stolen)], [200, 200])
  const changed = { password: 'the second one' }
  const path = `user/${String(json['id'])}`
  assert.equal((await gateway.request('PATCH', path, changed, own)).status, 200)
  assert.deepEqual([await asked(own), await asked(stolen)], [200, 401])
})

test('an API key is shown once, works, and says so when it has expired', async () => {
  const key = await gateway.request('POST', 'api_key', { name: 'mine' })
  assert.equal(key.status, 201)
  const authorization = `Bearer ${String(key.json['api_key'])}`
  assert.equal(
    (await gateway.request('GET', 'auth/whoami', undefined, { authorization })).status,
    200,
  )
  const shown = await gateway.request('GET', `api_key/${String(key.json['id'])}`)
  assert.ok(!shown.text.includes(String(key.json['api_key'])))
  assert.equal((await gateway.request('DELETE', `api_key/${String(key.json['id'])}`)).status, 204)
  await problem(401, 'GET', 'auth/whoami', undefined, { authorization })

  const past = await gateway.request('POST', 'api_key', {
    name: 'old',
    expires_at: '2020-01-01T00:00:00Z',
  })
  const expired = { authorization: `Bearer ${String(past.json['api_key'])}` }
  const { document } = await problem(401, 'GET', 'execution', undefined, expired)
  assert.match(String(document['detail']), /expired/)
})

test("another workspace's records and executions are not there", async () => {
  const other = await createWorkspaceFor(gateway, 'other')
  const flow = await gateway.request('POST', 'flow', {
    name: 'mine',
    script: 'export default () => 1',
  })
  const execution = await gateway.request('POST', 'execution', { flow_name: 'mine' })
  const id = String(execution.json['id'])
  const paths = [`flow/${String(flow.json['id'])}`, 'flow/mine?by=name', `execution/${id}`]
  const below = ['why', 'tree', 'children', 'log', 'savepoint', 'output', 'input', 'stream']
  for (const path of [...paths, ...below.map((name) => `execution/${id}/${name}`)]) {
    assert.equal((await other('GET', path)).status, 404, path)
    assert.equal((await gateway.request('GET', path.replace('/stream', '/why'))).status, 200, path)
  }
  for (const action of ['cancel', 'pause', 'resume'])
    assert.equal((await other('POST', `execution/${id}/${action}`)).status, 404)
  assert.equal((await other('POST', 'execution', { flow_name: 'mine' })).status, 404)
  assert.deepEqual((await other('GET', 'execution')).json['items'], [])
  assert.equal((await other('POST', 'workspace', { name: 'third' })).status, 403)
})

test('the OpenAPI document is made of the schemas that validate, and has a page', async () => {
  const document = await gateway.request('GET', '/api/openapi.json')
  assert.equal(document.json['openapi'], '3.1.0')
  const paths = document.json['paths'] as Record<string, Record<string, { requestBody?: object }>>
  assert.ok(paths['/execution']?.['post']?.requestBody !== undefined)
  assert.match((await gateway.request('GET', '/api/docs')).text, /<title>Millrace API/)
  assert.equal((await gateway.request('GET', '/alive')).status, 200)
  assert.equal((await gateway.request('GET', '/ready')).status, 503)
  assert.match((await gateway.request('GET', '/metrics')).text, /millrace_http_request_seconds/)
})
