import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { createMetrics, monotonicMs, soon } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { openSql, runSql } from '@millrace/testkit'
import { executionService, type pb } from '@millrace/wire'
import { ADMISSION_DEFAULTS, type AdmissionLimits, createAdmission } from './admission.ts'
import { type GatewayFixture, type Reply, startGateway } from './gateway-fixture.ts'

let stack: AsyncDisposableStack
beforeEach(() => {
  stack = new AsyncDisposableStack()
})
afterEach(() => stack.disposeAsync())

const start = async (limits: Partial<AdmissionLimits>): Promise<GatewayFixture> => {
  const gateway = stack.use(await startGateway({ admission: limits }))
  await gateway.request('POST', 'flow', { name: 'f', script: 'export default () => 1' })
  return gateway
}

const refused = (reply: Reply, limit: string): void => {
  assert.equal(reply.status, 429, reply.text)
  assert.equal(reply.headers.get('retry-after'), '1')
  assert.equal(reply.json['limit'], limit)
  assert.match(String(reply.json['detail']), /None was started|Nothing was started/)
}

const create = (gateway: GatewayFixture, query = '', headers = {}): Promise<Reply> =>
  gateway.request('POST', `execution${query}`, { flow_name: 'f' }, headers)

const batch = (gateway: GatewayFixture, size: number): Promise<Reply> =>
  gateway.request('POST', 'execution/batch', {
    items: Array.from({ length: size }, () => ({ flow_name: 'f' })),
  })

const stored = async ({ databaseUrl }: GatewayFixture): Promise<number | undefined> => {
  const count = 'SELECT count(*)::integer AS n FROM execution'
  return (await runSql<{ n: number }>(databaseUrl, count))[0]?.n
}

/** Holds every commit of new executions until it is released. */
async function holdCommits(gateway: GatewayFixture): Promise<{ release: () => Promise<void> }> {
  const session = await openSql(gateway.databaseUrl)
  await session.run('BEGIN')
  await session.run('LOCK TABLE execution IN SHARE MODE')
  return {
    async release() {
      await session.run('COMMIT')
      await session[Symbol.asyncDispose]()
    },
  }
}

/** Until that many executions wait for their commit. */
async function queued(gateway: GatewayFixture, rows: number): Promise<void> {
  for (;;) {
    const { text } = await gateway.request('GET', '/metrics')
    const found = /^millrace_create_queue\{.*\} (\d+)$/m.exec(text)?.[1]
    if (Number(found) === rows) return
  }
}

test('when too many wait for their commit the next is refused, and what waits is kept', async () => {
  const gateway = await start({ rows: 3 })
  const { release } = await holdCommits(gateway)
  const first = batch(gateway, 2)
  await queued(gateway, 2)
  refused(await batch(gateway, 2), 'MILLRACE_CREATE_QUEUE_ROWS')
  const third = create(gateway)
  await queued(gateway, 3)
  refused(await create(gateway), 'MILLRACE_CREATE_QUEUE_ROWS')
  refused(await create(gateway, '', { 'idempotency-key': 'k' }), 'MILLRACE_CREATE_QUEUE_ROWS')
  await release()
  assert.deepEqual([(await first).status, (await third).status], [201, 201])
  assert.equal(await stored(gateway), 3)
  // Its key was not taken by the refused try.
  assert.equal((await create(gateway, '', { 'idempotency-key': 'k' })).status, 201)
})

test('a batch that is larger than the limit gets in when it is alone', async () => {
  const gateway = await start({ rows: 3 })
  assert.equal((await batch(gateway, 10)).status, 201)
  assert.equal(await stored(gateway), 10)
})

test('when the oldest waits too long for its commit the next is refused', async () => {
  const gateway = await start({ ageMs: 0 })
  const { release } = await holdCommits(gateway)
  const first = create(gateway)
  await queued(gateway, 1)
  refused(await create(gateway), 'MILLRACE_CREATE_QUEUE_MS')
  await release()
  assert.equal((await first).status, 201)
  assert.equal((await create(gateway)).status, 201)
})

test('when too many wait for an end, only those that would wait too are refused', async () => {
  const gateway = await start({ waiting: 1 })
  const waits = create(gateway, '?wait=300')
  while (!/^millrace_waiting_requests\{.*\} 1$/m.test(await metrics(gateway)));
  refused(await create(gateway, '?wait=300'), 'MILLRACE_WAITING_REQUESTS')
  const other = await create(gateway)
  assert.equal(other.status, 201)
  assert.equal(await stored(gateway), 2)
  const { items } = (await gateway.request('GET', 'execution')).json as { items: { id: string }[] }
  for (const { id } of items) await gateway.request('POST', `execution/${id}/cancel`)
  assert.equal((await waits).status, 200)
})

test('after a long round of requests the next are refused, until there was a pause', async () => {
  const limits = { ...ADMISSION_DEFAULTS, busyMs: 20 }
  const admission = createAdmission({ limits, metrics: createMetrics('test', { process: false }) })
  const enter = (): (() => void) => admission.enter({ bytes: 0, waits: false })
  enter()
  for (const from = monotonicMs(); monotonicMs() - from < 30;);
  assert.throws(enter, {
    code: 'limited',
    details: { retryAfterSeconds: 1, limit: 'MILLRACE_BUSY_MS' },
  })
  await new Promise<void>(soon)
  enter()
})

test('bodies that are being read count by the size that they announce', async () => {
  const gateway = await start({ bodyBytes: 1_048_576 })
  const slow = connect(gateway.gateway.httpPort, '127.0.0.1')
  slow.write(
    `POST /api/latest/execution HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.admin.apiKey}\r\ncontent-type: application/json\r\ncontent-length: 1048576\r\nexpect: 100-continue\r\n\r\n`,
  )
  // The server says 100 when it begins with a request: from here on its size counts.
  assert.match(String((await once(slow, 'data'))[0]), /^HTTP\/1.1 100 /)
  slow.write('{')
  let reply = await create(gateway)
  while (reply.status === 201) reply = await create(gateway)
  refused(reply, 'MILLRACE_CREATE_QUEUE_MIB')
  slow.destroy()
  while (reply.status !== 201) reply = await create(gateway)
})

test('over gRPC it is RESOURCE_EXHAUSTED with the time to wait, for batches by their rows', async () => {
  const gateway = await start({ rows: 2 })
  const { release } = await holdCommits(gateway)
  const executions = createGrpcClient(executionService, `127.0.0.1:${gateway.gateway.grpcPort}`)
  stack.defer(() => executions.close())
  const options = { metadata: { authorization: `Bearer ${gateway.admin.apiKey}` } }
  const one: pb.ExecutionServiceCreateRequest = {
    target: { $case: 'flowName', value: 'f' },
    tags: [],
    wrappers: [],
  }
  const first = executions.create(one, options)
  await queued(gateway, 1)
  await assert.rejects(executions.createBatch({ executions: [one, one] }, options), {
    code: 'limited',
    details: { retryAfterSeconds: 1, limit: 'MILLRACE_CREATE_QUEUE_ROWS' },
  })
  const second = executions.createBatch({ executions: [one] }, options)
  await queued(gateway, 2)
  await assert.rejects(executions.create(one, options), { code: 'limited' })
  await release()
  await Promise.all([first, second])
  assert.equal(await stored(gateway), 2)
})

const metrics = async (gateway: GatewayFixture): Promise<string> =>
  (await gateway.request('GET', '/metrics')).text
