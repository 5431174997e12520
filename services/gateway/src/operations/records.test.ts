import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
})
after(() => gateway[Symbol.asyncDispose]())

const script = 'export default async function handler(system, self, inputs) { return inputs }'

test('a record is created, changed, trashed and restored, by id and by name', async () => {
  const { request } = gateway
  const setting = await request('POST', 'setting', { name: 's', value: { a: [1, null] } })
  assert.equal(setting.status, 201)
  const id = String(setting.json['id'])
  assert.equal((await request('POST', 'setting', { name: 's' })).status, 409)
  const changed = await request('PATCH', 'setting/s?by=name', { value: null, description: 'd' })
  assert.deepEqual([changed.json['value'], changed.json['description']], [null, 'd'])
  assert.equal((await request('GET', 'setting/s')).status, 404)
  assert.equal(
    (await request('GET', `setting/${id}?fields=id,name`)).text,
    `{"id":"${id}","name":"s"}`,
  )
  assert.equal((await request('DELETE', `setting/${id}`)).status, 204)
  assert.equal((await request('GET', `setting/${id}`)).status, 404)
  const trash = await request('GET', 'setting?trashed=true')
  assert.equal((trash.json['items'] as object[]).length, 1)
  assert.equal((await request('POST', `setting/${id}/restore`)).json['is_deleted'], false)
  assert.equal((await request('DELETE', `setting/${id}?permanently=true`)).status, 204)
  assert.equal((await request('POST', `setting/${id}/restore`)).status, 404)
})

test('a change names fields that may be changed, or is refused whole', async () => {
  const { request } = gateway
  const { json } = await request('POST', 'setting', { name: 'strict', value: 1 })
  for (const field of ['id', 'workspace_id', 'created_by', 'created_at', 'colour']) {
    const patch = { value: 2, [field]: json['id'] }
    const reply = await request('PATCH', `setting/${String(json['id'])}`, patch)
    assert.equal(reply.status, 422, field)
    assert.deepEqual(
      (reply.json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer),
      [`/${field}`],
    )
  }
  assert.equal((await request('GET', `setting/${String(json['id'])}`)).json['value'], 1)
})

test('a flow that does not compile is refused with its line', async () => {
  const reply = await gateway.request('POST', 'flow', {
    name: 'broken',
    script: 'let a = 1\nlet = =',
  })
  assert.equal(reply.status, 422)
  const [error] = reply.json['errors'] as { pointer: string; line: number }[]
  assert.equal(error?.pointer, '/script')
  assert.equal(typeof error?.line, 'number')
  const schema = { name: 'f', script, input_schema: { type: 'nonsense' } }
  assert.equal((await gateway.request('POST', 'flow', schema)).status, 422)
})

test('a changed flow is what the next execution runs, and the last keeps what it had', async () => {
  const { request } = gateway
  await request('POST', 'project', { name: 'p' })
  const flow = { name: 'f', script, project_name: 'p', input_schema: { type: 'object' } }
  assert.equal((await request('POST', 'flow', flow)).json['project_name'], 'p')
  const first = await request('POST', 'execution', { flow_name: 'f', input_value: {} })
  assert.equal((await request('POST', 'execution', { flow_name: 'f', input_value: 3 })).status, 422)
  const patch = { script: `${script} // 2`, input_schema: null }
  assert.equal((await request('PATCH', 'flow/f?by=name', patch)).status, 200)
  const second = await request('POST', 'execution', { flow_name: 'f', input_value: 3 })
  assert.equal(second.status, 201)
  assert.equal(second.json['script'], patch.script)
  const kept = await request('GET', `execution/${String(first.json['id'])}`)
  assert.equal(kept.json['script'], script)
  assert.equal(kept.json['project_name'], 'p')
})

test('an Idempotency-Key makes a record once, and is free again after a refusal', async () => {
  const { request } = gateway
  const key = { 'idempotency-key': 'k' }
  assert.equal((await request('POST', 'project', { name: '' }, key)).status, 422)
  const [a, b] = await Promise.all(
    [1, 2].map(() => request('POST', 'project', { name: 'once' }, key)),
  )
  const statuses = [a?.status, b?.status].toSorted()
  assert.ok(statuses[0] === 201 && (statuses[1] === 201 || statuses[1] === 409), String(statuses))
  const again = await request('POST', 'project', { name: 'once' }, key)
  assert.equal(again.status, 201)
  assert.equal((await request('POST', 'project', { name: 'other' }, key)).status, 409)
})
