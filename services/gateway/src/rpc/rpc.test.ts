import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { executionService, pb, recordService } from '@millrace/wire'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

let gateway: GatewayFixture
let executions: ReturnType<typeof createGrpcClient<typeof executionService>>
let records: ReturnType<typeof createGrpcClient<typeof recordService>>
let options: { metadata: Record<string, string> }

before(async () => {
  gateway = await startGateway()
  const address = `127.0.0.1:${gateway.gateway.grpcPort}`
  executions = createGrpcClient(executionService, address)
  records = createGrpcClient(recordService, address)
  options = { metadata: { authorization: `Bearer ${gateway.admin.apiKey}` } }
})
after(async () => {
  executions.close()
  records.close()
  await gateway[Symbol.asyncDispose]()
})

const newExecution = (flowName: string): pb.ExecutionServiceCreateRequest => ({
  target: { $case: 'flowName', value: flowName },
  tags: [],
  wrappers: [],
  inputValue: { a: 1 },
})

test('a flow is kept and started, and what REST shows is what gRPC shows', async () => {
  const values = { name: 'f', script: 'export default () => 1' }
  const { record } = await records.create({ type: 'flow', values }, options)
  assert.equal(record?.name, 'f')
  const { execution } = await executions.create(newExecution('f'), options)
  assert.equal(execution?.status, pb.ExecutionStatus.WAITING_ENGINE)
  const id = execution.id
  const rest = await gateway.request('GET', `execution/${id}`)
  assert.deepEqual(execution.properties, rest.json)
  const list = await executions.list({ fields: [], count: true }, options)
  assert.equal(list.total, 1n)
  const paused = await executions.pause({ id, tree: false }, options)
  assert.equal(paused.execution?.status, pb.ExecutionStatus.PAUSED)
  const why = await executions.why({ id, chain: true }, options)
  assert.equal(why.explanations[0]?.executionId, id)
  const tree = await executions.tree({ id }, options)
  assert.equal(tree.nodes.length, 1)
  await executions.cancel({ id, message: 'enough' }, options)
  const types: string[] = []
  for await (const event of executions.stream({ id }, options)) types.push(event.type)
  assert.deepEqual(types, ['status', 'ended'])
  const ids = [id]
  const bulk = { action: pb.BulkAction.CANCEL, ids, dryRun: false }
  assert.equal((await executions.bulk(bulk, options)).outcomes[0]?.code, '409')
})

test('errors carry their code', async () => {
  await assert.rejects(executions.create(newExecution('none'), options), { code: 'notFound' })
  await assert.rejects(executions.create(newExecution('f'), {}), { code: 'unauthenticated' })
  const values = { name: 3 }
  await assert.rejects(records.create({ type: 'flow', values }, options), { code: 'invalid' })
})

test('a batch and a single one with the same key are made once', async () => {
  const batch = { executions: [newExecution('f'), newExecution('f')], idempotencyKey: 'b' }
  const first = await executions.createBatch(batch, options)
  assert.deepEqual(await executions.createBatch(batch, options), first)
  assert.equal(first.ids.length, 2)
})
