import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { monotonicMs, newId, sleep } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { liveProcesses } from '@millrace/store'
import { runSql } from '@millrace/testkit'
import { connectorService } from '@millrace/wire'
import { startBench, type TestBench, type TestConnector, workspaceId } from './bench.ts'

let bench: TestBench
let service: TestConnector

before(async () => {
  bench = await startBench()
  service = await bench.start()
})
after(async () => {
  await bench[Symbol.asyncDispose]()
})

const attemptsOf = (id: string): Promise<{ attempt: number; outcome: string; ended: boolean }[]> =>
  runSql(
    bench.database.url,
    'SELECT attempt, outcome, ended_at IS NOT NULL AS ended FROM connection_attempt WHERE execution_id = $1 ORDER BY attempt',
    [id],
  )
const at = (path: string): string => bench.target.url + path

test('a connection runs and ends with its output, its attempt and an end for those who wait', async () => {
  const ended: string[] = []
  const listening = bench.bus.onMoved(
    (items) =>
      void ended.push(...items.map(({ executionId, status }) => `${executionId} ${status}`)),
  )
  const id = await bench.connection({ url: at('/plain') })
  const row = await bench.until(id, 'ENDED_SUCCESS')
  assert.deepEqual((row.output?.['result'] as { path?: string } | undefined)?.path, '/plain')
  assert.deepEqual(await attemptsOf(id), [{ attempt: 1, outcome: 'known', ended: true }])
  while (!ended.includes(`${id} ENDED_SUCCESS`)) await sleep(5)
  await listening.close()
})

test('a failure ends it with error and message', async () => {
  const row = await bench.until(await bench.connection({ url: at('/status/500') }), 'ENDED_ERROR')
  const error = row.output?.['error'] as Record<string, unknown>
  assert.deepEqual(
    [error['code'], error['outcome'], error['message']],
    ['REJECTED', 'known', row.message],
  )
})

test('wrong inputs end it without an attempt', async () => {
  const id = await bench.connection({ url: at('/never-asked'), colour: 'red' })
  const row = await bench.until(id, 'ENDED_ERROR')
  assert.deepEqual(
    (row.output?.['error'] as { name?: string } | undefined)?.name,
    'ExtraInputError',
  )
  assert.deepEqual(await attemptsOf(id), [])
  assert.equal(bench.target.count('/never-asked'), 0)
})

test('our own Postgres and NATS are not reached though their range is allowed', async () => {
  for (const url of [bench.config.postgresUrl, bench.config.natsUrl]) {
    const { port } = new URL(url)
    const row = await bench.until(
      await bench.connection({ url: `http://127.0.0.1:${port}/` }),
      'ENDED_ERROR',
    )
    assert.equal(
      (row.output?.['error'] as { code?: string } | undefined)?.code,
      'REFUSED_BY_POLICY',
    )
    assert.match(row.message ?? '', /installation itself/)
  }
})

test('a message that comes three times runs once', async () => {
  const hold = bench.target.hold('/thrice')
  const id = await bench.connection({ url: at('/thrice'), mode: { mode_name: 'post' } })
  await bench.bus.publishDispatch(
    'connector',
    [1, 2].map(() => ({ workspaceId, executionId: id, version: 1 })),
  )
  await hold.arrived
  hold.release()
  await bench.until(id, 'ENDED_SUCCESS')
  assert.equal(bench.target.count('/thrice'), 1)
})

test('what is not reachable is tried four times, whatever its class', async () => {
  const id = await bench.connection({ url: 'http://127.0.0.1:1/', mode: { mode_name: 'post' } })
  const row = await bench.until(id, 'ENDED_ERROR')
  assert.equal((row.output?.['error'] as { code?: string } | undefined)?.code, 'NOT_REACHABLE')
  assert.deepEqual(
    (await attemptsOf(id)).map(({ outcome }) => outcome),
    ['none', 'none', 'none', 'none'],
  )
})

test('a time-out repeats a keyed request with its key, and a request of class never not at all', async () => {
  const hold = bench.target.hold('/slow-keyed')
  const never = bench.target.hold('/slow-never')
  const common = { mode: { mode_name: 'post' }, total_timeout: 0.5 }
  const keyed = await bench.connection({
    ...common,
    url: at('/slow-keyed'),
    idempotency_key_header: 'Idempotency-Key',
  })
  const once = await bench.connection({ ...common, url: at('/slow-never') })
  await hold.arrived
  hold.release()
  const row = await bench.until(keyed, 'ENDED_SUCCESS', 'ENDED_ERROR')
  if (row.status === 'ENDED_SUCCESS')
    assert.equal((row.output?.['result'] as { key?: string } | undefined)?.key, `${keyed}-1`)
  const lost = await bench.until(once, 'ENDED_ERROR')
  assert.deepEqual((lost.output?.['error'] as { outcome?: string } | undefined)?.outcome, 'unknown')
  assert.equal(bench.target.count('/slow-never'), 1)
  never.release()
})

test('that nothing has left with the last attempt says nothing about those before it', async () => {
  const far = createServer((_, response) => {
    // It has arrived, and is acted upon; from now on nobody is reached here.
    far.close()
    response.destroy()
  })
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve))
  const { port } = far.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/`
  const id = await bench.connection({ url, mode: { mode_name: 'put' } })
  const row = await bench.until(id, 'ENDED_ERROR')
  const tried = (await attemptsOf(id)).map(({ outcome }) => outcome)
  assert.deepEqual(tried, ['unknown', 'none', 'none', 'none'])
  assert.equal((row.output?.['error'] as { outcome?: string } | undefined)?.outcome, 'unknown')
  assert.match(row.message ?? '', /An earlier attempt may have taken effect/)
})

for (const nudge of [true, false])
  test(`a cancel ${nudge ? 'by nudge' : 'whose nudge is lost'} cuts the attempt off within six seconds`, async () => {
    const path = `/cancelled-${String(nudge)}`
    const hold = bench.target.hold(path)
    const id = await bench.connection({ url: at(path), mode: { mode_name: 'post' } })
    await hold.arrived
    await bench.request(id, 'cancelRequested', nudge)
    const deadline = monotonicMs() + 6_000
    while (!(await attemptsOf(id))[0]?.ended) {
      assert.ok(monotonicMs() < deadline, 'the attempt goes on')
      await sleep(20)
    }
    assert.deepEqual(await attemptsOf(id), [{ attempt: 1, outcome: 'unknown', ended: true }])
    assert.equal((await bench.row(id)).status, 'ENDED_CANCELLED')
    hold.release()
  })

test('a pause lets the attempt run to its end, and its answer waits for the resume', async () => {
  const hold = bench.target.hold('/paused')
  const id = await bench.connection({ url: at('/paused'), mode: { mode_name: 'post' } })
  await hold.arrived
  await bench.request(id, 'pauseRequested')
  hold.release()
  while (!(await attemptsOf(id))[0]?.ended) await sleep(20)
  assert.equal((await bench.row(id)).status, 'PAUSED')
  await bench.request(id, 'resumeRequested')
  await bench.dispatch(id)
  await bench.until(id, 'ENDED_SUCCESS')
  assert.equal(bench.target.count('/paused'), 1)
})

test('paused and resumed while under way: the process that has it takes it back', async () => {
  const second = await bench.start()
  const hold = bench.target.hold('/resumed')
  const id = await bench.connection({ url: at('/resumed'), mode: { mode_name: 'post' } })
  await hold.arrived
  await bench.request(id, 'pauseRequested')
  await bench.request(id, 'resumeRequested')
  // Whoever of the two gets these, the one that has the attempt ends it.
  for (let round = 0; round < 4; round += 1) {
    if ((await bench.row(id)).status === 'WAITING_ENGINE') await bench.dispatch(id)
    await sleep(50)
  }
  hold.release()
  await bench.until(id, 'ENDED_SUCCESS')
  assert.equal(bench.target.count('/resumed'), 1)
  await second.stop()
})

test('a stop hands on at once what has come and not begun', async () => {
  await service.stop()
  const held = bench.target.hold('/begun')
  const ids = await Promise.all(
    ['/begun', '/waiting'].map((path) => bench.create({ url: at(path) })),
  )
  const leaving = await bench.start({ maxInFlight: 1, drainMs: 100 })
  await bench.dispatch(...ids)
  await held.arrived
  service = await bench.start()
  await leaving.stop()
  await bench.until(ids[1] ?? '', 'ENDED_SUCCESS')
  held.release()
  await bench.until(ids[0] ?? '', 'ENDED_SUCCESS')
})

test('a stop gives back what may be repeated, and says of the rest that it is unknown', async () => {
  const leaving = await bench.start({ drainMs: 100 })
  // The other one takes nothing meanwhile.
  await service.stop()
  const safe = bench.target.hold('/leaving-safe')
  const never = bench.target.hold('/leaving-never')
  const [safeId, neverId] = await Promise.all([
    bench.connection({ url: at('/leaving-safe') }),
    bench.connection({ url: at('/leaving-never'), mode: { mode_name: 'post' } }),
  ])
  await Promise.all([safe.arrived, never.arrived])
  await leaving.stop()
  assert.deepEqual(
    [(await bench.row(safeId)).status, (await bench.row(neverId)).status],
    ['WAITING_ENGINE', 'ENDED_ERROR'],
  )
  assert.equal(
    ((await bench.row(neverId)).output?.['error'] as { code?: string } | undefined)?.code,
    'OUTCOME_UNKNOWN',
  )
  safe.release()
  never.release()
  service = await bench.start()
  await bench.until(safeId, 'ENDED_SUCCESS')
  assert.deepEqual(
    [bench.target.count('/leaving-safe'), bench.target.count('/leaving-never')],
    [2, 1],
  )
})

test('an answer that comes while Postgres refuses writes is written when it does again', async () => {
  const hold = bench.target.hold('/away')
  const id = await bench.connection({ url: at('/away'), mode: { mode_name: 'post' } })
  await hold.arrived
  await runSql(
    bench.database.url,
    'ALTER TABLE connection_attempt RENAME TO connection_attempt_away',
  )
  hold.release()
  await sleep(300)
  await runSql(
    bench.database.url,
    'ALTER TABLE connection_attempt_away RENAME TO connection_attempt',
  )
  await bench.until(id, 'ENDED_SUCCESS')
  assert.equal(bench.target.count('/away'), 1)
})

test('types and tests over gRPC', async () => {
  const own = (await liveProcesses(bench.db)).find(
    ({ processId }) => processId === service.processId,
  )
  const client = createGrpcClient(connectorService, own?.address ?? '')
  const { types } = await client.types({})
  assert.deepEqual(
    types.map(({ name }) => name),
    ['REST', 'SQLPG'],
  )
  const test = (url: string) =>
    client.test({
      workspaceId,
      connector: { $case: 'unsaved', value: { connectorType: 'REST', value: { url } } },
    })
  assert.equal((await test(at('/tested'))).ok, true)
  assert.equal((await test('http://10.0.0.1/')).code, 'REFUSED_BY_POLICY')
  await assert.rejects(
    client.test({ workspaceId, connector: { $case: 'connectorId', value: newId() } }),
  )
  client.close()
})
