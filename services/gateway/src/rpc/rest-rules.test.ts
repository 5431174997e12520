import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { runSql } from '@millrace/testkit'
import {
  executionService,
  messageService,
  pb,
  recordService,
  scheduleService,
} from '@millrace/wire'
import { type GatewayFixture, startGateway } from '../gateway-fixture.ts'

// What REST refuses, gRPC refuses; what REST does once for a key, gRPC does once.
let gateway: GatewayFixture
const stack = new AsyncDisposableStack()

before(async () => {
  gateway = stack.use(await startGateway())
  await gateway.request('POST', 'flow', { name: 'f', script: 'export default () => 1' })
})
after(() => stack.disposeAsync())

function clientsOf({ gateway: { grpcPort } }: GatewayFixture) {
  const address = `127.0.0.1:${grpcPort}`
  const clients = {
    executions: createGrpcClient(executionService, address),
    messages: createGrpcClient(messageService, address),
    records: createGrpcClient(recordService, address),
    schedules: createGrpcClient(scheduleService, address),
  }
  for (const client of Object.values(clients)) stack.defer(() => client.close())
  return clients
}

const known = ({ admin }: GatewayFixture) => ({
  metadata: { authorization: `Bearer ${admin.apiKey}` },
})

const newExecution = (more: Partial<pb.ExecutionServiceCreateRequest> = {}) => ({
  target: { $case: 'flowName', value: 'f' } as const,
  tags: [],
  wrappers: [],
  ...more,
})

const nested = (levels: number): Record<string, unknown> => ({
  a: levels === 1 ? 1 : nested(levels - 1),
})

// Protobuf reads 100 messages within each other, which are fewer levels than the 64 of REST.
test('a value that nests deeper than protobuf reads is refused as the fault of its sender', async () => {
  const { executions, messages, records } = clientsOf(gateway)
  const options = known(gateway)
  await executions.create(newExecution({ inputValue: nested(31) }), options)
  const tooDeep = { code: 'invalid', message: /31 levels of objects/ }
  for (const levels of [40, 65, 1_000]) {
    const deep = nested(levels)
    const one = newExecution({ inputValue: deep })
    await assert.rejects(executions.create(one, options), tooDeep)
    await assert.rejects(executions.createBatch({ executions: [one] }, options), tooDeep)
    await assert.rejects(records.create({ type: 'setting', values: deep }, options), tooDeep)
    await assert.rejects(messages.replyByLink({ token: 't', response: deep }), tooDeep)
  }
})

test('texts and numbers have the bounds of REST', async () => {
  const { executions } = clientsOf(gateway)
  const options = known(gateway)
  const { execution } = await executions.create(newExecution(), options)
  const id = execution?.id ?? ''
  const refused = async (call: Promise<unknown>, pointer: string): Promise<void> =>
    assert.rejects(call, (error: { code: string; details: { errors?: unknown }; cause: Error }) => {
      assert.equal(error.code, 'invalid')
      assert.match(error.cause.message, new RegExp(pointer))
      return true
    })
  await refused(executions.cancel({ id, message: 'x'.repeat(65_537) }, options), 'message')
  await refused(executions.tree({ id, depth: 0 }, options), 'depth')
  await refused(executions.tree({ id, depth: 1_001 }, options), 'depth')
  await refused(executions.revert({ id, savepoint: 'x'.repeat(129) }, options), 'savepoint')
  await refused(executions.savepoints({ id, generation: 0 }, options), 'generation')
  await refused(executions.log({ id, limit: 1_001 }, options), 'limit')
  await refused(executions.log({ id, cursor: 'x'.repeat(65) }, options), 'cursor')
  const list = { fields: [], count: false }
  await refused(executions.list({ ...list, order: 'x'.repeat(513) }, options), 'order')
  const names = newExecution({ name: '' })
  await refused(executions.createBatch({ executions: [newExecution(), names] }, options), 'name')
  const events = executions.stream({ id, lastEventId: 'x'.repeat(65) }, options)
  await refused(events[Symbol.asyncIterator]().next(), 'last_event_id')
})

test('a gateway that is too busy refuses batches and triggers like single ones', async () => {
  const busy = stack.use(await startGateway({ admission: { busyMs: -1 } }))
  const { executions, schedules } = clientsOf(busy)
  const options = known(busy)
  const limited = { code: 'limited', details: { retryAfterSeconds: 1, limit: 'MILLRACE_BUSY_MS' } }
  await assert.rejects(executions.create(newExecution(), options), limited)
  const executionsOf = { executions: [newExecution()] }
  await assert.rejects(executions.createBatch(executionsOf, options), limited)
  await assert.rejects(schedules.trigger({ id: 'none' }, options), limited)
})

test('what is sent again with its key is done once', async () => {
  const { executions } = clientsOf(gateway)
  const options = known(gateway)
  const { execution } = await executions.create(newExecution(), options)
  const id = execution?.id ?? ''
  await runSql(
    gateway.databaseUrl,
    `UPDATE execution SET started_at = created_at WHERE id = '${id}'`,
  )
  const revert = { id, savepoint: '0', idempotencyKey: 'revert' }
  const first = await executions.revert(revert, options)
  assert.deepEqual(await executions.revert(revert, options), first)
  assert.equal((await executions.reverts({ id }, options)).items.length, 1)
  const cancel = { id, message: 'enough', idempotencyKey: 'cancel' }
  const cancelled = await executions.cancel(cancel, options)
  assert.deepEqual(await executions.cancel(cancel, options), cancelled)
  const trashed = await executions.delete({ id, permanently: false }, options)
  assert.deepEqual(trashed, {})
  const restore = { id, idempotencyKey: 'restore' }
  const restored = await executions.restore(restore, options)
  assert.deepEqual(await executions.restore(restore, options), restored)
})

test('a key that was used for one is refused for another', async () => {
  const { executions, records, schedules } = clientsOf(gateway)
  const options = known(gateway)
  const made = async (): Promise<string> => {
    const debugged = newExecution({ isProductive: false })
    return (await executions.create(debugged, options)).execution?.id ?? ''
  }
  const scheduled = async (name: string): Promise<string> => {
    const timing = { cron: '0 * * * *', time_zone: 'Europe/Berlin' }
    const values = { name, flow_name: 'f', timing }
    return (await records.create({ type: 'schedule', values }, options)).record?.id ?? ''
  }
  const [one, other] = [await made(), await made()]
  const of = { action: pb.DebugAction.UNSPECIFIED, breakpoints: { lines: [1] } }
  const taken = { code: 'conflict', message: /used for another request/ }
  const both = async (
    call: (id: string, idempotencyKey: string) => Promise<unknown>,
    key: string,
  ) => {
    await call(one, key)
    await assert.rejects(call(other, key), taken)
  }
  await both((id, idempotencyKey) => executions.debug({ id, ...of, idempotencyKey }, options), 'd')
  await both(
    (id, idempotencyKey) => executions.pause({ id, tree: false, idempotencyKey }, options),
    'p',
  )
  await both(
    (id, idempotencyKey) => executions.resume({ id, tree: false, idempotencyKey }, options),
    'r',
  )
  await both(
    (id, idempotencyKey) => executions.makeProductive({ id, idempotencyKey }, options),
    'm',
  )
  const [schedule, another] = [await scheduled('a'), await scheduled('b')]
  for (const name of ['pause', 'resume', 'disable', 'enable'] as const) {
    const [first, second] = [schedule, another].map((id) => ({ id, idempotencyKey: name }))
    if (first === undefined || second === undefined) continue
    await schedules[name](first, options)
    await assert.rejects(schedules[name](second, options), taken)
  }
})
