import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { runSql } from '@millrace/testkit'
import { executionService, pb } from '@millrace/wire'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
before(async () => {
  gateway = await startGateway()
  const script = 'export default async (system, self) => {\n  const a = 1\n\n  return a\n}'
  await gateway.request('POST', 'flow', { name: 'f', script, breakpoints: [4, 2] })
})
after(() => gateway[Symbol.asyncDispose]())

const create = (body: object = {}) =>
  gateway.request('POST', 'execution', { flow_name: 'f', is_productive: false, ...body })

const born = async (body: object = {}): Promise<string> => {
  const reply = await create(body)
  assert.equal(reply.status, 201, reply.text)
  return String(reply.json['id'])
}

const STOP = {
  seq: 1,
  reason: 'breakpoint',
  line: 2,
  hit: 1,
  inside: null,
  stack: [],
  variables: [],
}

/** What an engine commits when the code has stopped before line 2. */
async function stop(id: string): Promise<void> {
  const sql = (text: string, params: unknown[]) => runSql(gateway.databaseUrl, text, params)
  await sql(
    `UPDATE execution SET status = 'PAUSED', beneath = 'WAITING_ENGINE', version = version + 1, lineno = 2 WHERE id = $1`,
    [id],
  )
  await sql(
    `INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, subject)
     SELECT workspace_id, id, 1, 1, 'BREAK', '2' FROM execution WHERE id = $1`,
    [id],
  )
  await sql(
    `INSERT INTO debug_session (workspace_id, execution_id, generation, seen, stop)
     SELECT workspace_id, id, 1, 0, $2::json FROM execution WHERE id = $1`,
    [id, JSON.stringify(STOP)],
  )
}

const debug = (id: string, body: object) => gateway.request('POST', `execution/${id}/debug`, body)
const view = async (id: string, query = '') =>
  (await gateway.request('GET', `execution/${id}/debug${query}`)).json

test('a run in development mode takes the breakpoints of its flow, and heeds them when asked', async () => {
  const plain = (await create()).json
  assert.deepEqual([plain['breakpoints'], plain['use_breakpoints']], [[2, 4], null])
  const heeds = (await create({ use_breakpoints: true })).json
  assert.deepEqual([heeds['breakpoints'], heeds['use_breakpoints']], [[2, 4], true])
  const own = (await create({ breakpoints: [3] })).json
  assert.deepEqual([own['breakpoints'], own['use_breakpoints']], [[3], true])
  const off = (await create({ breakpoints: [3], use_breakpoints: false })).json
  assert.deepEqual([off['breakpoints'], off['use_breakpoints']], [[3], false])
  const productive = (await create({ is_productive: true, breakpoints: [], break: null })).json
  assert.deepEqual([productive['breakpoints'], productive['break']], [null, null])
})

test('a debugger that cannot be is refused with its field', async () => {
  const refusals: [body: object, pointer: string][] = [
    [{ is_productive: true, break: true }, '/break'],
    [{ is_productive: true, breakpoints: [2] }, '/breakpoints'],
    [{ flow_name: undefined, connector_type: 'REST', use_breakpoints: true }, '/use_breakpoints'],
    [{ breakpoints: [0] }, '/breakpoints/0'],
    [{ breakpoints: [2, 2] }, '/breakpoints'],
    [{ use_only_explicit_breakpoints: true, break: true }, '/use_only_explicit_breakpoints'],
    [
      { flow_name: undefined, script: 'return 1', use_only_explicit_breakpoints: true },
      '/use_only_explicit_breakpoints',
    ],
  ]
  for (const [body, pointer] of refusals) {
    const reply = await create(body)
    assert.equal(reply.status, 422, reply.text)
    const errors = reply.json['errors'] as { pointer: string }[]
    assert.equal(errors[0]?.pointer, pointer)
  }
})

test('breakpoints change while it runs, and the view shows what is wanted', async () => {
  const id = await born()
  assert.equal((await debug(id, { breakpoints: [9, 4] })).status, 200)
  assert.equal((await debug(id, { action: 'break' })).json['break'], true)
  const seen = await view(id, '?lines=true')
  assert.deepEqual(
    [
      seen['is_stopped'],
      seen['breakpoints'],
      seen['use_breakpoints'],
      seen['break'],
      seen['lines'],
    ],
    [false, [4, 9], true, true, [1, 2, 4]],
  )
  await debug(id, { use_breakpoints: false })
  assert.equal((await view(id))['use_breakpoints'], false)
})

test('a stop is shown, explained, and left once by each of the actions', async () => {
  for (const action of ['continue', 'step_over', 'step_into', 'step_out', 'run_to']) {
    const id = await born()
    await stop(id)
    assert.deepEqual((await view(id))['stop'], STOP)
    const why = (await gateway.request('GET', `execution/${id}/why`)).json
    assert.match(String(why['reason']), /stopped it before line 2/)
    assert.deepEqual(
      (why['unblock'] as { action: string }[]).map((one) => one.action),
      ['debug', 'cancel'],
    )
    const line = action === 'run_to' ? { line: 4 } : {}
    const other = await debug(id, { action, ...line, seq: 7 })
    assert.equal(other.status, 409)
    const left = await debug(id, { action, ...line, seq: 1 })
    assert.equal(left.status, 200, left.text)
    assert.equal(left.json['status'], 'WAITING_ENGINE')
    const again = await debug(id, { action, ...line })
    assert.equal(again.status, 409)
    assert.match(String(again.json['detail']), /has not stopped it/)
    const [answer] = await runSql<{ outcome: { value: { v: unknown } } }>(
      gateway.databaseUrl,
      'SELECT outcome FROM answer WHERE execution_id = $1',
      [id],
    )
    assert.deepEqual(answer?.outcome.value.v, { action, ...line })
  }
})

test('resume does not leave a stop, cancel does', async () => {
  const id = await born()
  await stop(id)
  const resumed = await gateway.request('POST', `execution/${id}/resume`)
  assert.equal(resumed.status, 409)
  assert.match(String(resumed.json['detail']), /debug/)
  for (const dry of [true, false]) {
    const bulk = { action: 'resume', ids: [id], dry_run: dry }
    const many = await gateway.request('POST', 'execution/bulk', bulk)
    assert.match(many.text, /"status":409.*let it go on with debug/)
  }
  const cancelled = await gateway.request('POST', `execution/${id}/cancel`)
  assert.equal(cancelled.json['status'], 'ENDED_CANCELLED')
  assert.equal((await view(id))['is_stopped'], false)
})

test('a view waits for the stop', async () => {
  const id = await born()
  const waiting = view(id, '?wait=30')
  await stop(id)
  assert.equal((await waiting)['is_stopped'], true)
})

test('what its mode does not allow is 409, what cannot be meant is 422', async () => {
  const productive = String((await create({ is_productive: true })).json['id'])
  assert.equal((await debug(productive, { action: 'break' })).status, 409)
  const fixed = await born({ use_only_explicit_breakpoints: true })
  for (const body of [{ action: 'step_over' }, { action: 'break' }, { breakpoints: [3] }])
    assert.equal((await debug(fixed, body)).status, 409, JSON.stringify(body))
  const id = await born()
  for (const body of [
    {},
    { action: 'run_to' },
    { action: 'continue', line: 2 },
    { action: 'break', seq: 1 },
    { action: 'jump' },
  ])
    assert.equal((await debug(id, body)).status, 422, JSON.stringify(body))
  assert.equal((await gateway.request('POST', `execution/${id}/inspect`)).status, 422)
  assert.equal((await gateway.request('POST', `execution/${id}/inspect`, { seq: 1 })).status, 503)
})

test('a run becomes productive once, and goes on from its stop', async () => {
  const id = await born({ break: true })
  await stop(id)
  const reply = await gateway.request('POST', `execution/${id}/productive`)
  assert.deepEqual([reply.json['is_productive'], reply.json['status']], [true, 'WAITING_ENGINE'])
  const again = await gateway.request('POST', `execution/${id}/productive`)
  assert.deepEqual([again.status, again.json['version']], [200, reply.json['version']])
  await gateway.request('POST', `execution/${id}/cancel`)
  const dev = await born()
  await gateway.request('POST', `execution/${dev}/cancel`)
  assert.equal((await gateway.request('POST', `execution/${dev}/productive`)).status, 409)
})

test('a rerun stops where the first run did, unless it is productive', async () => {
  const id = await born({ breakpoints: [3], break: true })
  await gateway.request('POST', `execution/${id}/cancel`)
  const rerun = async (body: object = {}): Promise<unknown[]> => {
    const { json } = await gateway.request('POST', `execution/${id}/rerun`, body)
    return [json['is_productive'], json['breakpoints'], json['use_breakpoints'], json['break']]
  }
  assert.deepEqual(await rerun(), [false, [3], true, null])
  assert.deepEqual(await rerun({ is_productive: true }), [true, null, null, null])
})

test('gRPC does the same', async () => {
  const client = createGrpcClient(executionService, `127.0.0.1:${gateway.gateway.grpcPort}`)
  const options = { metadata: { authorization: `Bearer ${gateway.admin.apiKey}` } }
  const id = await born()
  const lines = { lines: [4] }
  await client.debug({ id, action: pb.DebugAction.UNSPECIFIED, breakpoints: lines }, options)
  await stop(id)
  const seen = await client.readDebug({ id }, options)
  assert.deepEqual([seen.isStopped, seen.breakpoints, seen.useBreakpoints], [true, [4], true])
  assert.equal(seen.stop?.['line'], 2)
  const request = { id, action: pb.DebugAction.STEP_OVER, seq: 1 }
  const left = await client.debug(request, options)
  assert.equal(left.execution?.status, pb.ExecutionStatus.WAITING_ENGINE)
  await assert.rejects(client.debug(request, options), { code: 'conflict' })
  const after = await client.makeProductive({ id }, options)
  assert.equal(after.execution?.properties?.['is_productive'], true)
  await assert.rejects(client.inspect({ id, expressions: [] }, options), { code: 'invalid' })
  client.close()
})
