import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readExecutionRecord } from '@millrace/store'
import { type GatewayFixture, type Reply, startGateway } from '../gateway-fixture.ts'
import { standardWrappers } from '../standard-wrappers.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
  await gateway.request('POST', 'wrapper', {
    name: 'outer',
    script,
    input_schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  })
  await gateway.request('POST', 'wrapper', { name: 'inner', script })
  await gateway.request('POST', 'flow', {
    name: 'plain',
    script,
    input_schema: { type: 'object', required: ['a'] },
  })
})
after(() => gateway[Symbol.asyncDispose]())

const script = 'export default async (system, self, inputs) => self.wrapped()'
const post = (body: object): Promise<Reply> => gateway.request('POST', 'execution', body)
const pointers = ({ json }: Reply): unknown[] =>
  ((json['errors'] ?? []) as { pointer: string }[]).map(({ pointer }) => pointer)

test('an execution through wrappers is one of the outermost, told how to start the rest', async () => {
  const { status, json } = await post({
    flow_name: 'plain',
    input_value: { b: 1 },
    tags: ['x'],
    description: 'd',
    wrappers: [{ name: 'outer', input: { n: 1 } }, { name: 'inner' }],
  })
  assert.equal(status, 201)
  assert.deepEqual(
    [
      json['type'],
      json['wrapper_name'],
      json['name'],
      json['flow_id'],
      json['unwrapped'],
      json['tags'],
    ],
    ['WRAPPER', 'outer', 'plain', null, false, ['x']],
  )
  assert.equal(json['script'], script)
  const input = json['input_value'] as { n: number; wrapped: Record<string, unknown> }
  const { flow_id: flowId, wrappers, ...told } = input.wrapped
  assert.equal(input.n, 1)
  assert.equal(typeof flowId, 'string')
  assert.deepEqual(
    (wrappers as { name: string; input: object }[]).map((use) => [use.name, use.input]),
    [['inner', {}]],
  )
  assert.deepEqual(told, {
    type: 'FLOW',
    flow_name: 'plain',
    name: 'plain',
    description: 'd',
    input_value: { b: 1 },
  })
  const found = await gateway.request('GET', `execution/${String(json['id'])}`)
  assert.equal(found.json['wrapper_id'], json['wrapper_id'])
  const filter = JSON.stringify({
    and: [
      { field: 'wrapper_name', op: 'eq', value: 'outer' },
      { field: 'created_at', op: 'ge', value: new Date(Date.now() - 60_000).toISOString() },
    ],
  })
  const list = await gateway.request('GET', `execution?filter=${encodeURIComponent(filter)}`)
  assert.equal((list.json['items'] as object[]).length, 1)
})

test('what is wrong with a wrapper of a call is said with its place', async () => {
  const flow = { flow_name: 'plain', input_value: { a: 1 } }
  const wrong = async (wrappers: unknown): Promise<unknown> => {
    const reply = await post({ ...flow, wrappers })
    return [reply.status, ...pointers(reply)]
  }
  assert.deepEqual(await wrong([{ name: 'inner' }, { name: 'nobody' }]), [422, '/wrappers/1'])
  assert.deepEqual(await wrong([{}]), [422, '/wrappers/0'])
  assert.deepEqual(await wrong([{ name: 'outer' }]), [422, '/wrappers/0/input/n'])
  assert.deepEqual(await wrong([{ name: 'outer', input: { n: 'x' } }]), [
    422,
    '/wrappers/0/input/n',
  ])
  assert.deepEqual(await wrong([{ name: 'inner', input: { wrapped: 1 } }]), [
    422,
    '/wrappers/0/input/wrapped',
  ])
  assert.equal(
    (await post({ ...flow, wrappers: Array.from({ length: 17 }, () => ({ name: 'inner' })) }))
      .status,
    422,
  )
  const batch = await gateway.request('POST', 'execution/batch', {
    items: [flow, { ...flow, wrappers: [{ name: 'nobody' }] }],
  })
  assert.deepEqual(pointers(batch), ['/items/1/wrappers/0'])
})

test('a static wrapper always applies, but for what is started unwrapped', async () => {
  const { request } = gateway
  const made = await request('POST', 'flow', {
    name: 'wrapped',
    script,
    input_schema: { type: 'object', required: ['a'] },
    wrappers: [{ name: 'inner', input: { k: 1 } }],
  })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(
    (made.json['wrappers'] as { name: string; input: object }[]).map((use) => [
      use.name,
      use.input,
    ]),
    [['inner', { k: 1 }]],
  )
  // It may be made right by the wrapper, and is checked when that starts the flow.
  const through = await post({ flow_name: 'wrapped', input_value: {} })
  assert.deepEqual([through.status, through.json['wrapper_name']], [201, 'inner'])
  assert.equal((await post({ flow_name: 'wrapped', unwrapped: true })).status, 422)
  const bare = await post({ flow_name: 'wrapped', unwrapped: true, input_value: { a: 1 } })
  assert.deepEqual(
    [bare.json['type'], bare.json['unwrapped'], bare.json['wrapper_id'], bare.json['wrapper_name']],
    ['FLOW', true, null, null],
  )
  const both = await post({ flow_name: 'wrapped', wrappers: [{ name: 'outer', input: { n: 1 } }] })
  assert.equal(both.json['wrapper_name'], 'outer')
  await request('PATCH', 'flow/wrapped?by=name', { wrappers: null })
  assert.equal((await post({ flow_name: 'wrapped', input_value: { a: 1 } })).json['type'], 'FLOW')
})

test('breakpoints of a call are told to the wrapper: they are lines of what it wraps', async () => {
  const { status, json, text } = await post({
    flow_name: 'plain',
    is_productive: false,
    breakpoints: [1],
    wrappers: [{ name: 'inner' }],
  })
  assert.equal(status, 201, text)
  assert.deepEqual([json['breakpoints'], json['use_breakpoints']], [null, true])
  const { wrapped } = json['input_value'] as { wrapped: Record<string, unknown> }
  assert.deepEqual(wrapped['breakpoints'], [1])
})

test('a schedule may be wrapped, says so, and keeps its wrappers from the trash', async () => {
  const { request } = gateway
  await request('POST', 'wrapper', { name: 'nightly', script })
  const schedule = { flow_name: 'plain', timing: { cron: '0 0 1 1 *' } }
  const wrappers = [{ name: 'nightly', input: { k: 1 } }]
  // The flow wants an input that the wrapper may make.
  assert.equal((await request('POST', 'schedule', { name: 'bare', ...schedule })).status, 422)
  const made = await request('POST', 'schedule', { name: 'round', ...schedule, wrappers })
  assert.equal(made.status, 201, made.text)
  const [use] = made.json['wrappers'] as { name: string; input: object }[]
  assert.deepEqual([made.json['is_wrapped'], use?.name, use?.input], [true, 'nightly', { k: 1 }])
  const gone = await request('DELETE', 'wrapper/nightly?by=name')
  assert.equal(gone.status, 409)
  assert.match(String(gone.json['detail']), /schedule round/)
  const unwrapped = await request('PATCH', 'schedule/round?by=name', { wrappers: null })
  assert.deepEqual([unwrapped.status, ...pointers(unwrapped)], [422, '/input_value/a'])
  const input_value = { a: 1 }
  const fine = await request('PATCH', 'schedule/round?by=name', { wrappers: [], input_value })
  assert.deepEqual([fine.json['is_wrapped'], fine.json['wrappers']], [false, []])
  assert.equal((await request('DELETE', 'wrapper/nightly?by=name')).status, 204)
})

test('what a flow limits is for its runs, and what a call limits for the wrapper', async () => {
  await gateway.request('POST', 'flow', {
    name: 'limited',
    script,
    concurrency: { limit: 1 },
    max_runtime_seconds: 60,
    wrappers: [{ name: 'inner' }],
  })
  const through = await post({ flow_name: 'limited', max_runtime_seconds: 90 })
  const [bare, quiet] = [
    await post({ flow_name: 'limited', unwrapped: true }),
    await post({ flow_name: 'limited' }),
  ]
  const { db, admin } = gateway
  const extraOf = async ({ json }: Reply): Promise<unknown> => {
    const key = { workspaceId: admin.workspaceId, id: String(json['id']) }
    const row = await readExecutionRecord(db, key)
    const extra = JSON.parse(row?.extra ?? '{}') as Record<string, unknown>
    return [row?.status, extra['max_runtime_seconds'] ?? null]
  }
  assert.deepEqual(await extraOf(through), ['WAITING_ENGINE', 90])
  assert.deepEqual(await extraOf(quiet), ['WAITING_ENGINE', null])
  assert.deepEqual(await extraOf(bare), ['WAITING_LOCK', 60])
})

test('a wrapper in use stays, and none may wrap itself', async () => {
  const { request } = gateway
  await request('POST', 'wrapper', { name: 'w1', script })
  await request('POST', 'wrapper', { name: 'w2', script, wrappers: [{ name: 'w1' }] })
  const gone = await request('DELETE', 'wrapper/w1?by=name')
  assert.equal(gone.status, 409)
  assert.match(String(gone.json['detail']), /wrapper w2/)
  const circle = await request('PATCH', 'wrapper/w1?by=name', { wrappers: [{ name: 'w2' }] })
  assert.deepEqual([circle.status, ...pointers(circle)], [422, '/wrappers'])
  assert.deepEqual((await request('GET', 'wrapper/w1?by=name')).json['wrappers'], [])
  const wrong = await request('PATCH', 'flow/plain?by=name', { wrappers: [{ name: 'outer' }] })
  assert.deepEqual([wrong.status, ...pointers(wrong)], [422, '/wrappers/0/input/n'])
  await request('PATCH', 'wrapper/w2?by=name', { wrappers: [] })
  assert.equal((await request('DELETE', 'wrapper/w1?by=name')).status, 204)
})

test('a wrapper that is started by itself has to be told what it wraps', async () => {
  const told = await post({
    wrapper_name: 'inner',
    input_value: { k: 1, wrapped: { flow_name: 'plain', input_value: { a: 1 } } },
  })
  assert.deepEqual([told.status, told.json['type'], told.json['name']], [201, 'WRAPPER', 'inner'])
  for (const input of [
    undefined,
    null,
    { wrapped: {} },
    { wrapped: { flow_name: 'a', script: 'b' } },
  ]) {
    const reply = await post({ wrapper_name: 'inner', input_value: input })
    assert.deepEqual([reply.status, ...pointers(reply)], [422, '/input_value/wrapped'])
  }
  const wrapped = { flow_name: 'plain' }
  const unchecked = await post({ wrapper_name: 'outer', input_value: { wrapped } })
  assert.deepEqual(pointers(unchecked), ['/input_value/n'])
  assert.equal((await post({ wrapper_name: 'nobody', input_value: { wrapped } })).status, 404)
})

test('a workspace is founded with the standard wrappers, each with a schema that is one', async () => {
  const names = standardWrappers().map(({ name }) => name)
  assert.equal(names.length, 7)
  const { json } = await gateway.request('GET', 'wrapper?order=name')
  const items = json['items'] as {
    name: string
    standard_name: string | null
    is_changed: boolean
  }[]
  const standard = items.filter((item) => item.standard_name !== null)
  assert.deepEqual(
    standard.map((item) => item.name),
    names.toSorted(),
  )
  assert.ok(standard.every((item) => !item.is_changed))
  for (const name of names) {
    const uses = [{ name, input: { nonsense: 1 } }]
    const reply = await post({ flow_name: 'plain', input_value: { a: 1 }, wrappers: uses })
    assert.equal(reply.status, 422, name)
    assert.ok(
      pointers(reply).every((at) => String(at).startsWith('/wrappers/0/input')),
      name,
    )
  }
})
