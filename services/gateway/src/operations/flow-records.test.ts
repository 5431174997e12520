import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Bus, connectBus } from '@millrace/bus'
import type { Outcome, RecordRequest } from '@millrace/replay'
import { createLogger, newId } from '@millrace/runtime'
import { runSql, seedRows } from '@millrace/testkit'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
let bus: Bus
const told = new Map<string, () => void>()
before(async () => {
  gateway = await startGateway()
  bus = await connectBus({
    servers: gateway.natsUrl,
    name: 'test',
    log: createLogger('test', { level: 'silent' }),
  })
  bus.onMoved((items) => {
    for (const { executionId } of items) told.get(executionId)?.()
  })
  // The first question is answered when the subscription holds.
  await ask({ action: 'exists', type: 'flow', key: 'nobody' })
})
after(async () => {
  await bus.close()
  await gateway[Symbol.asyncDispose]()
})

const script = 'export default async function handler(system, self, inputs) { return inputs }'
const sql = <Row extends object>(text: string, params: unknown[]): Promise<Row[]> =>
  runSql<Row>(gateway.databaseUrl, text, params)

/** An execution that has asked: what an engine commits. */
async function asking(request: RecordRequest, generation = 1): Promise<string> {
  const id = newId()
  const key = { workspace_id: gateway.admin.workspaceId, generation: 1 }
  const row = { type: 'FLOW', top_execution_id: id, started_at: new Date(), name: 'asks' }
  const parked = { status: 'WAITING_DEPENDENCY', created_by: gateway.admin.userId }
  await seedRows(gateway.databaseUrl, 'execution', [{ ...key, ...row, ...parked, id }])
  const subject = `words\n${JSON.stringify(request)}`
  const wait = { ...key, execution_id: id, seq: 3, kind: 'RECORD', subject, generation }
  await seedRows(gateway.databaseUrl, 'wait', [wait])
  return id
}

const nudge = (id: string): void =>
  bus.nudgeRecordRequests([{ workspaceId: gateway.admin.workspaceId, executionId: id }])

const answersOf = async (id: string): Promise<Outcome[]> => {
  const rows = await sql<{ outcome: Outcome }>(
    'SELECT outcome FROM answer WHERE execution_id = $1',
    [id],
  )
  return rows.map(({ outcome }) => outcome)
}

async function ask(request: RecordRequest, times = 1): Promise<Outcome> {
  const id = await asking(request)
  const answered = new Promise<void>((resolve) => told.set(id, resolve))
  for (let round = 0; round < times; round += 1) nudge(id)
  await answered
  const [outcome, ...more] = await answersOf(id)
  assert.equal(more.length, 0)
  assert.ok(outcome)
  return outcome
}

async function value(request: RecordRequest): Promise<unknown> {
  const outcome = await ask(request)
  assert.ok(outcome.kind === 'value' && 'v' in outcome.value, JSON.stringify(outcome))
  return outcome.value.v
}

async function refusal(request: RecordRequest): Promise<{ name: string; details: unknown }> {
  const outcome = await ask(request)
  assert.ok(outcome.kind === 'error', JSON.stringify(outcome))
  return { name: outcome.error.name, details: outcome.error.details }
}

const save = (type: string, key: string, values: object) =>
  value({ action: 'save', type, key, values: values as Record<string, never> }) as Promise<{
    id: string
    name: string
  }>
const read = (type: string, key: string, ...fields: string[]) =>
  value({ action: 'read', type, key, fields })

test('a record is made by its name, changed by the next save, and belongs to who the flow runs for', async () => {
  const made = await save('flow', 'made', { script, description: 'first' })
  assert.equal(made.name, 'made')
  const { id } = await save('flow', 'made', { name: 'renamed', max_runtime_seconds: 5 })
  assert.equal(id, made.id)
  const { json } = await gateway.request('GET', `flow/${id}`)
  assert.deepEqual(
    [json['name'], json['description'], json['max_runtime_seconds'], json['created_by']],
    ['renamed', 'first', 5, gateway.admin.userId],
  )
  const byId = { action: 'exists', type: 'flow', key: id } as const
  assert.equal(await value(byId), true)
  assert.equal(await value({ ...byId, key: 'made' }), false)
})

test('what REST refuses is refused, in the same places, and nothing is written', async () => {
  const writes: [object, string][] = [
    [{ script, workspace_id: newId() }, '/workspace_id'],
    [{ script, id: newId() }, '/id'],
    [{ script, created_by: newId() }, '/created_by'],
    [{ script: 'let = =' }, '/script'],
    [{ script, input_schema: { type: 'nonsense' } }, '/input_schema'],
    [
      { script, input_schema: { items: { dependencies: { a: ['b'] } } } },
      '/input_schema/items/dependencies',
    ],
    [{ script: 7 }, '/script'],
    [{}, '/script'],
  ]
  for (const [values, pointer] of writes) {
    const request = { action: 'save', type: 'flow', key: 'refused', values } as RecordRequest
    const { name, details } = await refusal(request)
    assert.equal(name, 'InvalidInputError')
    const [error] = (details as { errors: { pointer: string }[] }).errors
    assert.ok(error?.pointer.startsWith(pointer), JSON.stringify(details))
  }
  assert.equal(await value({ action: 'exists', type: 'flow', key: 'refused' }), false)
  await save('flow', 'patched', { script })
  const patch = { created_at: '2020-01-01T00:00:00Z' }
  const request = { action: 'save', type: 'flow', key: 'patched', values: patch } as const
  assert.equal((await refusal(request)).name, 'InvalidInputError')
})

test('a change is made once, however often one hears of it', async () => {
  await save('setting', 'source', { value: 1 })
  const values = { description: 'cloned' }
  const outcome = await ask({ action: 'clone', type: 'setting', key: 'source', values }, 20)
  assert.equal(outcome.kind, 'value')
  const filter = { field: 'description', op: 'eq', value: 'cloned' }
  const list = { action: 'list', type: 'setting', order: null, limit: null } as const
  assert.equal(((await value({ ...list, filter })) as string[]).length, 1)
})

test('what nobody waits for any more is not done', async () => {
  const request = { action: 'save', type: 'project', key: 'unwanted', values: {} } as const
  const cancelled = await asking(request)
  await sql(`DELETE FROM wait WHERE execution_id = $1`, [cancelled])
  const reverted = await asking(request)
  await sql(`UPDATE execution SET generation = 2 WHERE id = $1`, [reverted])
  nudge(cancelled)
  nudge(reverted)
  // Lanes take what they hear of in turn: several later questions come after these.
  for (let round = 0; round < 8; round += 1)
    assert.equal(await value({ action: 'exists', type: 'project', key: 'unwanted' }), false)
  assert.deepEqual([await answersOf(cancelled), await answersOf(reverted)], [[], []])
})

test('lists hold the ids of what matches, in order, and say when they are too long', async () => {
  const made: string[] = []
  for (const name of ['list-b', 'list-c', 'list-a'])
    made.push((await save('connector', name, { connector_type: 'REST' })).id)
  const [b, c, a] = made
  const filter = { field: 'name', op: 'like', value: 'list-%' } as const
  const list = { action: 'list', type: 'connector', order: null, limit: null } as const
  assert.deepEqual(await value({ ...list, filter }), [a, b, c])
  assert.deepEqual(await value({ ...list, filter, order: '-name', limit: 2 }), [c, b])
  assert.deepEqual(await value({ ...list, filter: { not: filter } }), [])
  const wrong = { field: 'colour', op: 'eq', value: 1 }
  assert.equal((await refusal({ ...list, filter: wrong })).name, 'InvalidInputError')
  assert.equal((await refusal({ ...list, filter: 7 })).name, 'InvalidInputError')
  assert.equal((await refusal({ ...list, filter, order: 'colour' })).name, 'InvalidInputError')
  assert.equal((await refusal({ ...list, filter, limit: 10_001 })).name, 'InvalidInputError')
  assert.equal((await refusal({ ...list, filter, type: 'moon' })).name, 'InvalidInputError')
  const users = { ...list, type: 'user', filter: null }
  assert.deepEqual(await value(users), [gateway.admin.userId])
  const executions = (await value({ ...users, type: 'execution', limit: 1 })) as string[]
  assert.equal(executions.length, 1)
  assert.deepEqual(await value({ ...users, type: 'message' }), [])
})

test('a record that is deleted is gone to its readers, and deleting it again is harmless', async () => {
  await save('wrapper', 'short', { script })
  const request = { action: 'delete', type: 'wrapper', key: 'short' } as const
  assert.equal(await value(request), true)
  assert.equal(await value(request), false)
  for (const action of ['read', 'clone'] as const) {
    const what =
      action === 'read' ? { action, fields: null } : { action, values: { name: 'never' } }
    const { name, details } = await refusal({ ...what, type: 'wrapper', key: 'short' })
    assert.equal(name, 'ResourceNotFoundError')
    assert.deepEqual(details, { type: 'wrapper', key: 'short' })
  }
  const unknown = { action: 'save', type: 'wrapper', key: newId(), values: { script } } as const
  assert.equal((await refusal(unknown)).name, 'ResourceNotFoundError')
})

test('a name that is taken is a conflict, to change it and to clone onto it', async () => {
  await save('project', 'one', {})
  await save('project', 'two', {})
  const project = { type: 'project', key: 'one', values: { name: 'two' } } as const
  for (const action of ['save', 'clone'] as const) {
    const { name, details } = await refusal({ ...project, action })
    assert.equal(name, 'EngineException')
    assert.equal((details as { code: string }).code, 'conflict')
  }
})

test('two that make the same record at once make one', async () => {
  const saves = Array.from({ length: 6 }, (_, index) =>
    save('setting', 'contended', { value: index }),
  )
  const ids = new Set((await Promise.all(saves)).map(({ id }) => id))
  assert.equal(ids.size, 1)
})

test('a clone has what its original has, secrets and content included, and is off', async () => {
  const flow = await save('flow', 'original', {
    script,
    input_schema: { type: 'object' },
    concurrency: { limit: 2 },
    breakpoints: [1],
  })
  const clone = async (type: string, key: string, values: object) =>
    (await value({ action: 'clone', type, key, values: values as Record<string, never> })) as {
      id: string
      name: string
    }
  const copy = await clone('flow', flow.id, {})
  assert.equal(copy.name, 'original copy')
  const shown = ['script', 'input_schema', 'concurrency', 'breakpoints']
  assert.deepEqual(await read('flow', copy.id, ...shown), await read('flow', flow.id, ...shown))

  await save('file', 'a/b.txt', { text: 'hello', content_type: 'text/x-own' })
  const file = await clone('file', 'a/b.txt', { name: 'a/c.txt' })
  assert.equal((await gateway.request('GET', `file/${file.id}/content`)).text, 'hello')
  assert.deepEqual(await read('file', file.id, 'size', 'content_type'), {
    size: 5,
    content_type: 'text/x-own',
  })

  const webhook = { flow_id: flow.id, key: 'a secret key', is_enabled: true }
  await save('webhook', 'calls', webhook)
  const other = await clone('webhook', 'calls', { name: 'calls too', description: 'd' })
  assert.deepEqual(await read('webhook', other.id, 'key', 'is_key_required', 'is_enabled'), {
    key: '***',
    is_key_required: true,
    is_enabled: false,
  })
  const all = JSON.stringify(
    await value({ action: 'read', type: 'webhook', key: 'calls', fields: null }),
  )
  assert.ok(!all.includes('a secret key'))

  const timing = { cron: '0 * * * *', time_zone: 'Europe/Berlin' }
  await save('schedule', 'hourly', { flow_name: 'original', timing, overlap: 'queue_one' })
  const later = await clone('schedule', 'hourly', { flow_name: 'original copy' })
  assert.deepEqual(await read('schedule', later.id, 'overlap', 'is_enabled', 'flow_id'), {
    overlap: 'queue_one',
    is_enabled: false,
    flow_id: copy.id,
  })
})

test('users are read, by name and id, and not written', async () => {
  const { userId } = gateway.admin
  assert.deepEqual(await read('user', 'admin', 'id', 'name'), { id: userId, name: 'admin' })
  assert.equal(await value({ action: 'exists', type: 'user', key: userId }), true)
  assert.equal(await value({ action: 'exists', type: 'user', key: 'nobody' }), false)
  const all = { action: 'read', type: 'user', key: userId, fields: null } as const
  assert.ok(!JSON.stringify(await value(all)).includes('password'))
  assert.equal((await refusal({ ...all, fields: ['password_hash'] })).name, 'InvalidInputError')
  const write = { action: 'save', type: 'user', key: 'admin', values: {} } as const
  assert.equal((await refusal(write)).name, 'PermissionDenied')
})

test('a large answer goes by the payload table', async () => {
  const text = 'x'.repeat(50_000)
  await save('setting', 'large', { value: text })
  const outcome = await ask({ action: 'read', type: 'setting', key: 'large', fields: ['value'] })
  assert.ok(outcome.kind === 'value' && 'p' in outcome.value)
  assert.equal(outcome.value.p.size, JSON.stringify({ value: text }).length)
})
