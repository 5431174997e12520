import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { runSql } from '@millrace/testkit'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }

before(async () => {
  gateway = await startGateway()
  const script = 'export default (system, self, inputs) => inputs'
  await gateway.request('POST', 'flow', { name: 'f', script })
  await gateway.request('POST', 'flow', {
    name: 'strict',
    script,
    input_schema: schema,
    output_schema: { type: 'array' },
  })
})
after(() => gateway[Symbol.asyncDispose]())

const end = (id: string) =>
  runSql(
    gateway.databaseUrl,
    `UPDATE execution SET status = 'ENDED_SUCCESS', version = version + 1, ended_at = clock(),
       started_at = clock(), moved_at = clock(), output = '{"a":"\\u0000"}'::json, message = 'well' WHERE id = $1`,
    [id],
  )

async function create(body: object = {}): Promise<string> {
  const reply = await gateway.request('POST', 'execution', { flow_name: 'f', ...body })
  assert.equal(reply.status, 201, reply.text)
  return String(reply.json['id'])
}
async function ended(body: object = {}): Promise<string> {
  const id = await create(body)
  await end(id)
  return id
}
const read = async (id: string) => (await gateway.request('GET', `execution/${id}`)).json
const yaml = (text: string, query = '', headers: object = {}) =>
  gateway.request('POST', `execution/import${query}`, text, {
    'content-type': 'application/yaml',
    ...headers,
  })

test('only what has ended goes to the trash; it is there once, says so, and comes back', async () => {
  const id = await create({ tags: ['trash'] })
  const refused = await gateway.request('DELETE', `execution/${id}`)
  assert.deepEqual([refused.status, refused.json['execution_status']], [409, 'WAITING_ENGINE'])
  await end(id)
  assert.equal((await gateway.request('DELETE', `execution/${id}`)).status, 204)
  assert.equal((await gateway.request('DELETE', `execution/${id}`)).status, 204)
  const trashed = await read(id)
  const whoami = await gateway.request('GET', 'auth/whoami')
  assert.deepEqual([trashed['is_deleted'], trashed['deleted_by']], [true, whoami.json['user_id']])
  const filter = encodeURIComponent('{"field":"tag","op":"eq","value":"trash"}')
  const list = async (more = '') =>
    ((await gateway.request('GET', `execution?filter=${filter}${more}`)).json['items'] as object[])
      .length
  assert.deepEqual([await list(), await list('&trashed=true')], [0, 1])
  const restored = await gateway.request('POST', `execution/${id}/restore`)
  assert.deepEqual([restored.status, restored.json['deleted_at']], [200, null])
  assert.deepEqual([await list(), await list('&trashed=true')], [1, 0])
  assert.equal((await gateway.request('POST', `execution/${id}/restore`)).status, 404)
})

test('a purge removes it for ever, and is refused while it lives', async () => {
  const id = await create()
  const purge = () => gateway.request('DELETE', `execution/${id}?permanently=true`)
  assert.equal((await purge()).status, 409)
  await end(id)
  assert.equal((await purge()).status, 204)
  assert.equal((await gateway.request('GET', `execution/${id}`)).status, 404)
  assert.equal((await purge()).status, 404)
})

test('many are put into the trash at once, one outcome each', async () => {
  const [over, live] = [await ended(), await create()]
  const { json } = await gateway.request('POST', 'execution/bulk', {
    action: 'delete',
    ids: [over, live, newId()],
  })
  const items = json['items'] as { status: number }[]
  assert.deepEqual(
    items.map(({ status }) => status),
    [200, 409, 404],
  )
})

test('an execution keeps the schemas that its flow had, and they are one payload each', async () => {
  const flow = await gateway.request('GET', 'flow/strict?by=name')
  const made = await gateway.request('POST', 'execution', {
    flow_name: 'strict',
    input_value: { n: 1 },
  })
  const id = String(made.json['id'])
  await gateway.request('PATCH', `flow/${String(flow.json['id'])}`, { input_schema: null })
  const later = await read(id)
  assert.deepEqual(
    [made.json['input_schema'], later['input_schema'], later['output_schema']],
    [schema, schema, { type: 'array' }],
  )
  assert.deepEqual(later, made.json)
  await gateway.request('PATCH', `flow/${String(flow.json['id'])}`, { input_schema: schema })
})

test('without an input the schema sees what the handler gets: an empty object', async () => {
  const refused = await gateway.request('POST', 'execution', { flow_name: 'strict' })
  assert.deepEqual(refused.json['errors'], [{ pointer: '/input_value/n', message: 'is missing' }])
})

test('a project and a bundle exclude each other, and a bundle waits', async () => {
  const both = { flow_name: 'f', project_name: 'p', bundle_name: 'b' }
  const refused = await gateway.request('POST', 'execution', both)
  assert.equal(refused.status, 422)
  assert.match(refused.text, /exclude each other/)
  const alone = await gateway.request('POST', 'execution', { flow_name: 'f', bundle_name: 'b' })
  assert.match(alone.text, /not available yet/)
})

test('blanks around names are dropped, and nothing but blanks is no name', async () => {
  const id = await create({ name: '  padded ' })
  assert.equal((await read(id))['name'], 'padded')
  const blank = await gateway.request('POST', 'execution', { flow_name: 'f', name: '  ' })
  assert.equal(blank.status, 422)
  const project = await gateway.request('POST', 'project', { name: ' roomy ' })
  assert.equal(project.json['name'], 'roomy')
})

test('a change of the record is noted, and its version stays', async () => {
  const id = await ended({ tags: ['old'] })
  const before = await read(id)
  const patch = { name: 'new', tags: null, is_hidden: true }
  const { json } = await gateway.request('PATCH', `execution/${id}`, patch)
  assert.deepEqual(
    [json['name'], json['tags'], json['is_hidden'], json['version']],
    ['new', [], true, before['version']],
  )
  assert.ok(String(json['modified_at']) > String(before['modified_at']))
  assert.equal(json['last_activity'], before['last_activity'])
})

test('what is exported is imported under a new id with all that it was', async () => {
  const metadata = { order: 7, nested: [{ a: null }] }
  const given = { description: 'd\n', metadata, input_value: [1, { x: '\u2028' }], name: 'n' }
  const id = await ended({ ...given, is_productive: false, savepoint_retention: 'ALL' })
  const text = (await gateway.request('GET', `execution/${id}/export`)).text
  assert.match(text, /^---\nexecution:\n/)
  assert.doesNotMatch(text, /^ {2}(id|status_label|process_id):/m)
  const made = await yaml(text)
  assert.equal(made.status, 201, made.text)
  const [copyId = ''] = made.json['ids'] as string[]
  assert.notEqual(copyId, id)
  const [one, copy] = [await read(id), await read(copyId)]
  for (const name of [
    'name',
    'description',
    'metadata',
    'input_value',
    'output_value',
    'status',
    'message',
    'started_at',
    'ended_at',
    'flow_id',
    'flow_name',
    'script',
    'is_productive',
    'savepoint_retention',
    'type',
  ])
    assert.deepEqual(copy[name], one[name], name)
  const whoami = await gateway.request('GET', 'auth/whoami')
  assert.deepEqual(
    [copy['created_by'], copy['top_execution_id'], copy['parent_execution_id']],
    [whoami.json['user_id'], copyId, null],
  )
})

test('a tree is exported nested, without what lives, and comes back as a tree', async () => {
  const top = await ended({ name: 'top' })
  const [child, live, grandchild] = [
    await ended({ name: 'child' }),
    await create({ name: 'live' }),
    await ended({ name: 'grandchild' }),
  ]
  for (const [id, parent] of [
    [child, top],
    [live, top],
    [grandchild, child],
  ] as const)
    await runSql(
      gateway.databaseUrl,
      'UPDATE execution SET parent_execution_id = $2, top_execution_id = $3 WHERE id = $1',
      [id, parent, top],
    )
  const { text } = await gateway.request('GET', `execution/${top}/export`)
  const alone = await gateway.request('GET', `execution/${top}/export?tree=false`)
  assert.doesNotMatch(alone.text, /children/)
  const ids = (await yaml(text)).json['ids'] as string[]
  const records = await Promise.all(ids.map(read))
  assert.deepEqual(
    records.map((record) => [record['name'], record['parent_execution_id']]),
    [
      ['top', null],
      ['child', ids[0]],
      ['grandchild', ids[1]],
    ],
  )
  assert.ok(records.every((record) => record['top_execution_id'] === ids[0]))
})

test('all that a list would have are exported one document each', async () => {
  const tag = newId()
  await ended({ tags: [tag] })
  await ended({ tags: [tag] })
  await create({ tags: [tag] })
  const filter = encodeURIComponent(JSON.stringify({ field: 'tag', op: 'eq', value: tag }))
  const reply = await gateway.request('GET', `execution/export?filter=${filter}`)
  assert.equal(reply.headers.get('content-type'), 'application/yaml; charset=utf-8')
  assert.equal(reply.text.match(/^---$/gm)?.length, 2)
  const bad = await gateway.request('GET', 'execution/export?filter=7')
  assert.equal(bad.status, 422)
})

test('a list with trees has each execution once, and nothing that is in the trash', async () => {
  const tag = newId()
  const tags = [tag]
  const top = await ended({ name: 'top', tags })
  const child = await ended({ name: 'child' })
  const grandchild = await ended({ name: 'grandchild', tags })
  const live = await create({ name: 'live', tags })
  const belowLive = await ended({ name: 'below-live', tags })
  const trashed = await ended({ name: 'trashed', tags })
  const belowTrashed = await ended({ name: 'below-trashed', tags })
  for (const [id, parent] of [
    [child, top],
    [grandchild, child],
    [live, top],
    [belowLive, live],
    [trashed, top],
    [belowTrashed, trashed],
  ] as const)
    await runSql(
      gateway.databaseUrl,
      'UPDATE execution SET parent_execution_id = $2, top_execution_id = $3 WHERE id = $1',
      [id, parent, top],
    )
  await gateway.request('DELETE', `execution/${trashed}`)
  const namesOf = (text: string) =>
    Array.from(text.matchAll(/^( *)name: (.*)$/gm), ([, indent = '', name = '']) => indent + name)
  const once = ['  top', '      child', '          grandchild']
  const filter = encodeURIComponent(JSON.stringify({ field: 'tag', op: 'eq', value: tag }))
  const list = async (order: string) =>
    (await gateway.request('GET', `execution/export?filter=${filter}&order=${order}&tree=true`))
      .text
  assert.deepEqual(namesOf(await list('created_at')), [...once, '  below-live', '  below-trashed'])
  assert.deepEqual(namesOf(await list('-created_at')), ['  below-trashed', '  below-live', ...once])
  const { text } = await gateway.request('GET', `execution/${top}/export`)
  assert.deepEqual(namesOf(text), once)
  // Who exports what is in the trash wants all that would go with it.
  await gateway.request('DELETE', `execution/${belowTrashed}`)
  const bin = await gateway.request('GET', `execution/${trashed}/export`)
  assert.deepEqual(namesOf(bin.text), ['  trashed', '      below-trashed'])
})

test('runs of wrappers and iterations of schedules come out and in as all others', async () => {
  const [wrapperId, scheduleId, webhookId] = [newId(), newId(), newId()]
  const document = `---
execution:
  type: WRAPPER
  name: tries
  status: ENDED_ERROR
  ended_at: 2026-01-31T12:00:00.000Z
  wrapper_id: ${wrapperId}
  webhook_id: ${webhookId}
  children:
    - type: SCHEDULE
      status: ENDED_SUCCESS
      ended_at: 2026-01-31T11:00:00.000Z
      schedule_id: ${scheduleId}
`
  const imported = await yaml(document)
  assert.equal(imported.status, 201, imported.text)
  const [top = '', child = ''] = imported.json['ids'] as string[]
  const { type, wrapper_id, webhook_id } = await read(top)
  assert.deepEqual([type, wrapper_id, webhook_id], ['WRAPPER', wrapperId, webhookId])
  const iteration = await read(child)
  assert.deepEqual([iteration['type'], iteration['schedule_id']], ['SCHEDULE', scheduleId])
  const { text } = await gateway.request('GET', `execution/${top}/export`)
  for (const id of [wrapperId, webhookId, scheduleId]) assert.ok(text.includes(id), text)
  assert.equal((await yaml(text)).status, 201)
})

test('an import with one fault stores nothing and names the place', async () => {
  const name = newId()
  const good = `---\nexecution: {type: SCRIPT, name: ${name}, status: ENDED_SUCCESS, ended_at: 2026-01-31T12:00:00Z}\n`
  const bad =
    '---\nexecution:\n  type: SCRIPT\n  status: PAUSED\n  colour: 1\n  ended_at: 2026-01-31T12:00:00Z\n'
  const refused = await yaml(good + bad)
  assert.equal(refused.status, 422)
  assert.deepEqual(
    (refused.json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer),
    ['/1/execution/colour', '/1/execution/status'],
  )
  const other = await yaml(good.replace('type:', `project_id: ${newId()}, type:`))
  assert.match(other.text, /no project of this workspace/)
  const newer = await yaml(good.replace('type:', `schema_version: "99", type:`))
  assert.match(newer.text, /schema_version/)
  const filter = encodeURIComponent(JSON.stringify({ field: 'name', op: 'eq', value: name }))
  const found = await gateway.request('GET', `execution?count=true&filter=${filter}`)
  assert.equal(found.json['total'], 0)
  const dry = await yaml(good, '?dry_run=true')
  assert.deepEqual([dry.status, dry.json], [200, { count: 1 }])
})

test('what was imported without its script is neither reverted nor rerun as it was: it would wait for ever', async () => {
  const flow = (await gateway.request('GET', 'flow/f?by=name')).json['id']
  const text = `execution: {type: FLOW, flow_id: ${String(flow)}, status: ENDED_ERROR, started_at: 2026-01-31T11:00:00Z, ended_at: 2026-01-31T12:00:00Z}`
  const [id = ''] = (await yaml(text)).json['ids'] as string[]
  const reverted = await gateway.request('POST', `execution/${id}/revert`, { seq: 0 })
  assert.deepEqual([reverted.status, reverted.text.includes('without its script')], [409, true])
  const rerun = await gateway.request('POST', `execution/${id}/rerun`, {})
  assert.deepEqual([rerun.status, rerun.text.includes('on_latest')], [409, true])
  const latest = await gateway.request('POST', `execution/${id}/rerun`, { on_latest: true })
  assert.deepEqual([latest.status, latest.json['status']], [201, 'WAITING_ENGINE'])
})

test('an import with a key is done once', async () => {
  const name = newId()
  const text = `execution: {type: SCRIPT, name: ${name}, status: ENDED_ERROR, ended_at: 2026-01-31T12:00:00Z}`
  const headers = { 'idempotency-key': newId() }
  const [first, second] = [await yaml(text, '', headers), await yaml(text, '', headers)]
  assert.deepEqual(first.json, second.json)
  const filter = encodeURIComponent(JSON.stringify({ field: 'name', op: 'eq', value: name }))
  const found = await gateway.request('GET', `execution?count=true&filter=${filter}`)
  assert.equal(found.json['total'], 1)
})

test('YAML where JSON belongs, and JSON where YAML belongs, is another media type', async () => {
  const type = { 'content-type': 'application/yaml' }
  assert.equal((await gateway.request('POST', 'execution', 'flow_name: f', type)).status, 415)
  assert.equal((await gateway.request('POST', 'execution/import', { a: 1 })).status, 415)
  assert.equal((await gateway.request('POST', 'execution/import')).status, 400)
})

test('properties that wait are imported, exported again, and shown', async () => {
  const [bundle, object] = [newId(), newId()]
  const text = `execution:
  type: SCRIPT
  status: ENDED_SUCCESS
  ended_at: 2026-01-31T12:00:00Z
  bundle_id: ${bundle}
  custom_object_id: ${object}
  commit_message: moved
  roles: [reader]
  input_schema: {type: array}
`
  const [id = ''] = (await yaml(text)).json['ids'] as string[]
  const record = await read(id)
  assert.deepEqual(
    [record['bundle_id'], record['custom_object_id'], record['commit_message'], record['roles']],
    [bundle, object, 'moved', ['reader']],
  )
  assert.deepEqual(record['input_schema'], { type: 'array' })
  const again = (await gateway.request('GET', `execution/${id}/export`)).text
  assert.match(again, new RegExp(`bundle_id: ${bundle}`))
  assert.doesNotMatch(again, /commit_message|roles/)
})
