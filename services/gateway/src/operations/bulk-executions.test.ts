import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId, now } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { runSql } from '@millrace/testkit'
import { executionService, pb } from '@millrace/wire'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
let client: ReturnType<typeof createGrpcClient<typeof executionService>>
let options: { metadata: Record<string, string> }
before(async () => {
  gateway = await startGateway()
  client = createGrpcClient(executionService, `127.0.0.1:${gateway.gateway.grpcPort}`)
  options = { metadata: { authorization: `Bearer ${gateway.admin.apiKey}` } }
})
after(async () => {
  client.close()
  await gateway[Symbol.asyncDispose]()
})

const sql = (text: string, params: unknown[] = []) =>
  runSql<{ id: string }>(gateway.databaseUrl, text, params)

/** All of its executions fail, one after the other. */
async function failing(flow: string, count: number): Promise<string[]> {
  await gateway.request('POST', 'flow', { name: flow, script: 'export default () => 1' })
  const items = Array.from({ length: count }, () => ({ flow_name: flow }))
  const { json } = await gateway.request('POST', 'execution/batch', { items })
  await fail(flow)
  return json['ids'] as string[]
}
const fail = (flow: string) =>
  sql(
    `UPDATE execution SET status = 'ENDED_ERROR', version = version + 1, ended_at = clock(),
       started_at = clock(), moved_at = clock(), message = 'no'
     WHERE status = 'WAITING_ENGINE' AND flow_id = (SELECT id FROM flow WHERE name = $1)`,
    [flow],
  )
const idsOf = async (flow: string): Promise<string[]> =>
  (
    await sql(
      'SELECT id FROM execution WHERE flow_id = (SELECT id FROM flow WHERE name = $1) ORDER BY id',
      [flow],
    )
  ).map(({ id }) => id)

/** What a crash leaves behind between doing all of it and saying so. */
const forgetAnswers = () =>
  sql("UPDATE idempotency_key SET status = NULL, answer = NULL, lease_until = '-infinity'")

const yesterday = new Date(now() - 86_400_000).toISOString()
const failedOf = (flow: string) => ({
  and: [
    { field: 'flow_name', op: 'eq', value: flow },
    { field: 'status', op: 'eq', value: 'ENDED_ERROR' },
    { field: 'created_at', op: 'ge', value: yesterday },
  ],
})

test('a rerun of what a filter matches starts each once, also when it is repeated after a crash', async () => {
  const sources = await failing('once', 3)
  const body = { action: 'rerun', filter: failedOf('once') }
  const rerun = () =>
    gateway.request('POST', 'execution/bulk', body, { 'idempotency-key': 'rerun once' })
  const outcomes = ({ json }: Awaited<ReturnType<typeof rerun>>) =>
    new Map((json['items'] as { id: string; detail: string }[]).map((one) => [one.id, one.detail]))

  const first = outcomes(await rerun())
  assert.deepEqual([...first.keys()].toSorted(), sources.toSorted())
  const all = await idsOf('once')
  assert.equal(all.length, 6)

  // One matches no more, and what was started matches by now.
  await fail('once')
  await gateway.request('DELETE', `execution/${String(sources[0])}`)
  await forgetAnswers()
  const again = outcomes(await rerun())
  assert.deepEqual(await idsOf('once'), all)
  assert.deepEqual([...again.keys()].toSorted(), sources.slice(1).toSorted())
  for (const [id, started] of again) assert.equal(started, first.get(id))
})

test('each of the reruns has an id of its own, and another request has others', async () => {
  const ids = await failing('several', 2)
  const rerun = async (key: object) => {
    const body = { action: 'rerun', ids }
    const { json } = await gateway.request('POST', 'execution/bulk', body, key)
    return (json['items'] as { detail: string }[]).map(({ detail }) => detail)
  }
  const started = [await rerun({}), await rerun({}), await rerun({ 'idempotency-key': 'several' })]
  await forgetAnswers()
  assert.deepEqual(await rerun({ 'idempotency-key': 'several' }), started[2])
  assert.equal(new Set(started.flat()).size, 6)
})

test('gRPC has the limits of REST', async () => {
  const id = newId()
  const [action, dryRun] = [pb.BulkAction.CANCEL, false]
  const bad: [pb.ExecutionServiceBulkRequest, RegExp][] = [
    [{ action, dryRun, ids: [id, id] }, /\/ids/],
    [{ action, dryRun, ids: [id, id.toUpperCase()] }, /\/ids/],
    [{ action, dryRun, ids: ['none'] }, /\/ids\/0/],
    [{ action, dryRun, ids: Array.from({ length: 10_001 }, newId) }, /\/ids/],
    [{ action, dryRun, ids: [id], message: 'x'.repeat(65_537) }, /\/message/],
    [{ action, dryRun, ids: [] }, /exactly one of ids and filter/],
    [{ action: pb.BulkAction.UNSPECIFIED, dryRun, ids: [id] }, /\/action/],
  ]
  for (const [request, message] of bad)
    await assert.rejects(client.bulk(request, options), { code: 'invalid', message })
})

test('gRPC heeds an idempotency key', async () => {
  const ids = await failing('keyed', 2)
  const request = { action: pb.BulkAction.RERUN, ids, dryRun: false, idempotencyKey: 'keyed' }
  const first = await client.bulk(request, options)
  assert.deepEqual(await client.bulk(request, options), first)
  assert.equal((await idsOf('keyed')).length, 4)
  const other = { ...request, ids: ids.slice(1) }
  await assert.rejects(client.bulk(other, options), { code: 'conflict' })
  for (const idempotencyKey of ['x'.repeat(256), 'a\0', 'grün'])
    await assert.rejects(client.bulk({ ...request, idempotencyKey }, options), {
      code: 'invalid',
      message: /\/idempotency_key must have 1 to 255 printable/,
    })
})
