import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { createMetrics, newId } from '@millrace/runtime'
import type { ExecutionFind } from '@millrace/store'
import { DEFAULTS } from '../src/config.ts'
import { createRedispatcher } from '../src/resolve/redispatch.ts'
import { createSchedulerMetrics } from '../src/telemetry.ts'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

// Nothing in this file nudges: all of it must be found.
let bench: SchedulerBench
before(async () => {
  bench = await startBench()
})
after(() => bench.close())
beforeEach(() =>
  bench.sql(
    'TRUNCATE execution, wait, wait_member, answer, lock_request, process_lease, shard_lease',
  ),
)
afterEach(() => bench.stopAll())

const FAST = { sweepPauseMs: 100, readyForMs: 300, readyForBusyMs: 600_000, openForMs: 100 }
const past = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString()
const old = { moved_at: past(60) }
const column = async (name: string, id: string) =>
  (
    await bench.sql<Record<string, unknown>>(
      `SELECT ${name} AS value FROM execution WHERE id = $1`,
      [id],
    )
  )[0]?.['value']

test('ready executions that nobody was told of are offered to the right pool', async () => {
  const offered: string[] = []
  const consumers = (['engine', 'connector'] as const).map((pool) =>
    bench.bus.consumeDispatch(pool, { maxItems: 10 }, (batch) => {
      for (const item of batch.items) offered.push(`${pool} ${item.executionId} ${item.version}`)
      batch.done()
    }),
  )
  const flow = await bench.store.execution({ ...old, version: 4 })
  const call = await bench.store.execution({ ...old, type: 'CONNECTION' })
  await bench.start(FAST)
  const expected = [`connector ${call} 1`, `engine ${flow} 4`]
  await eventually(async () => offered.toSorted(), expected)
  await bench.sql('UPDATE execution SET version = 9 WHERE id = $1', [flow])
  await eventually(async () => offered.toSorted(), [...expected, `engine ${flow} 9`])
  await Promise.all(consumers.map((consumer) => consumer.close()))
})

test('what was offered is offered again after pauses that double, and at once when it has moved', async () => {
  const offered: string[] = []
  const consumer = bench.bus.consumeDispatch('engine', { maxItems: 10 }, (batch) => {
    offered.push(...batch.items.map((item) => `${item.executionId} ${item.version}`))
    batch.done()
  })
  // By a clock of its own: how long a walk takes is the machine's business.
  let now = 0
  const redispatcher = createRedispatcher(
    {
      bus: bench.bus,
      config: { ...DEFAULTS, postgresUrl: '', natsUrl: '' },
      metrics: createSchedulerMetrics(createMetrics('test', { process: false })),
    },
    () => now,
  )
  const find: ExecutionFind = {
    find: 'ready',
    workspaceId: bench.store.workspaceId,
    executionId: newId(),
    type: 'FLOW',
    version: 1,
    epoch: 0,
    priority: 0,
    ageMs: 3_600_000,
  }
  const walk = async (...finds: ExecutionFind[]): Promise<void> => {
    await redispatcher.beginWalk()
    redispatcher.offer(finds)
    redispatcher.endWalk()
  }
  /** What was offered since, up to one that is new and so offered for sure. */
  const since = async (...finds: ExecutionFind[]): Promise<string[]> => {
    const last = { ...find, executionId: newId() }
    await walk(...finds, last)
    await eventually(() => Promise.resolve(offered.includes(`${last.executionId} 1`)), true)
    return offered.splice(0).filter((one) => one.startsWith(find.executionId))
  }
  const asked = [`${find.executionId} 1`]
  assert.deepEqual(await since(find), asked)
  for (const [at, again] of [
    [4_999, false],
    [5_000, true],
    [14_999, false],
    [15_000, true],
  ] as const) {
    now = at
    assert.deepEqual(await since(find), again ? asked : [], `${at} ms`)
  }
  assert.deepEqual(await since({ ...find, version: 2 }), [`${find.executionId} 2`])
  // Not found by a walk, it has moved: the next time it is new.
  await walk()
  assert.deepEqual(await since({ ...find, version: 2 }), [`${find.executionId} 2`])
  await consumer.close()
})

test('a wiped NATS costs no execution: what was ready is offered when it is back', async () => {
  const offered: string[] = []
  await bench.start(FAST)
  await bench.nats.kill()
  const id = await bench.store.execution(old)
  await waitForWalks(3)
  await bench.nats.wipe()
  await bench.nats.start()
  const consumer = bench.bus.consumeDispatch('engine', { maxItems: 10 }, (batch) => {
    offered.push(...batch.items.map((item) => item.executionId))
    batch.done()
  })
  await eventually(async () => offered.includes(id), true)
  await consumer.close()
})

test('dependency waits, timers and waits of ended executions are resolved', async () => {
  const over = await bench.store.execution({ status: 'ENDED_ERROR', ended_at: past(1) })
  const parent = await bench.store.execution({ ...old, status: 'WAITING_DEPENDENCY' })
  await bench.store.wait(parent, {
    kind: 'DEPENDENCY',
    return_when: 'ALL_SUCCEEDED',
    ref: over,
    since: past(9),
  })
  const lost = await bench.store.execution({ ...old, status: 'WAITING_DEPENDENCY' })
  await bench.store.wait(lost, {
    kind: 'DEPENDENCY',
    return_when: 'ALL_ENDED',
    ref: newId(),
    since: past(9),
  })
  const sleeper = await bench.store.execution({ ...old, status: 'SCHEDULED' })
  await bench.store.wait(sleeper, { due_at: past(3) })
  await bench.store.wait(over, { kind: 'LOCK', subject: 'semaphore:a' })
  await bench.start(FAST)
  await eventually(() => bench.sql('SELECT FROM wait'), [])
  const outcomes = await bench.sql<{ id: string; outcome: { kind: string; verdict?: string } }>(
    'SELECT execution_id AS id, outcome FROM answer',
  )
  const found = outcomes.map(({ id, outcome }) => [id, outcome.verdict ?? outcome.kind])
  assert.deepEqual(
    found.toSorted(),
    [
      [parent, 'failed'],
      [lost, 'error'],
      [sleeper, 'value'],
    ].toSorted(),
  )
})

test('what a cancelled execution left behind is cancelled, whatever level it is on', async () => {
  const top = await bench.store.execution({ status: 'ENDED_CANCELLED', ended_at: past(5) })
  const under = (parent: string, row = {}) =>
    bench.store.execution({ ...old, status: 'SCHEDULED', parent_execution_id: parent, ...row })
  const first = await under(top)
  const second = await under(first, { status: 'WAITING_ENGINE', moved_at: past(0) })
  const finished = await under(first, { status: 'ENDED_SUCCESS', ended_at: past(20) })
  const third = await under(finished)
  const orphan = await under(second, { orphan: true })
  await bench.start(FAST)
  const status = async () =>
    Promise.all([first, second, third, orphan].map((id) => column('status', id)))
  await eventually(status, ['ENDED_CANCELLED', 'ENDED_CANCELLED', 'ENDED_CANCELLED', 'SCHEDULED'])
})

test('what a dead engine held is run again by others, up to the limit, and its row goes last', async () => {
  const dead = newId()
  await bench.sql(
    `INSERT INTO process_lease (process_id, service, expires_at) VALUES ($1, 'engine', clock() - interval '1 s')`,
    [dead],
  )
  const held = { ...old, status: 'AT_ENGINE', process_id: dead, epoch: 1, version: 2 }
  const fresh = await bench.store.execution(held)
  const tired = await bench.store.execution({ ...held, recoveries: 2 })
  const unregistered = await bench.store.execution({
    ...held,
    process_id: newId(),
    type: 'CONNECTION',
  })
  await bench.start({ ...FAST, maxRecoveries: 2 })
  await eventually(() => bench.sql('SELECT FROM process_lease WHERE process_id = $1', [dead]), [])
  assert.equal(await column('status', fresh), 'WAITING_ENGINE')
  assert.equal(await column('epoch', fresh), 2)
  assert.equal(await column('status', tired), 'LOST')
  assert.match(String(await column('message', tired)), /3 times/)
  await eventually(() => column('status', unregistered), 'WAITING_ENGINE')
})

async function waitForWalks(count: number): Promise<boolean> {
  // A walk shows in what it deletes: stale waits, one after the other.
  for (let walk = 0; walk < count; walk += 1) {
    await bench.store.wait(newId())
    await eventually(() => bench.sql('SELECT FROM wait'), [])
  }
  return true
}
