import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { EndedItem } from '@millrace/wire'
import { newId } from '@millrace/runtime'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

let bench: SchedulerBench
before(async () => {
  bench = await startBench()
})
after(() => bench.close())
beforeEach(() =>
  bench.sql('TRUNCATE execution, wait, wait_member, answer, process_lease, shard_lease'),
)
afterEach(() => bench.stopAll())

async function ask(action: string, target: string): Promise<string> {
  const id = await bench.store.execution({ status: 'WAITING_DEPENDENCY' })
  await bench.store.wait(id, {
    kind: 'CONTROL',
    subject: action,
    ref: target,
    since: '2020-01-01T00:00:00Z',
  })
  return id
}

const outcome = async (id: string): Promise<unknown> =>
  (
    await bench.sql<{ outcome: unknown }>('SELECT outcome FROM answer WHERE execution_id = $1', [
      id,
    ])
  )[0]?.outcome

const row = async (id: string) =>
  (
    await bench.sql<{ status: string; version: number }>(
      'SELECT status, version FROM execution WHERE id = $1',
      [id],
    )
  )[0]

test('cancel, pause and resume move the target and answer with its status', async () => {
  const ended: EndedItem[] = []
  const listening = bench.bus.onEndedAll((items) => void ended.push(...items))
  const engine = newId()
  await bench.sql(
    `INSERT INTO process_lease (process_id, service, expires_at) VALUES ($1, 'engine', clock() + interval '1 h')`,
    [engine],
  )
  const [running, parked, held, done] = await bench.store.executions([
    { status: 'AT_ENGINE', process_id: engine, epoch: 1, beneath: null, ended_at: null },
    { status: 'SCHEDULED', process_id: null, epoch: 0, beneath: null, ended_at: null },
    { status: 'PAUSED', process_id: null, epoch: 0, beneath: 'WAITING_ENGINE', ended_at: null },
    {
      status: 'ENDED_SUCCESS',
      process_id: null,
      epoch: 0,
      beneath: null,
      ended_at: '2020-01-01T00:00:00Z',
    },
  ])
  const asked = [
    await ask('cancel', running ?? ''),
    await ask('pause', parked ?? ''),
    await ask('resume', held ?? ''),
    await ask('cancel', done ?? ''),
  ]
  await bench.start({ sweepPauseMs: 100 })
  const expected = ['ENDED_CANCELLED', 'PAUSED', 'WAITING_ENGINE', 'ENDED_SUCCESS']
  await eventually(
    () => Promise.all(asked.map(outcome)),
    expected.map((status) => ({ kind: 'value', value: { v: { status } } })),
  )
  const targets = await Promise.all([running, parked, held, done].map((id) => row(id ?? '')))
  assert.deepEqual(
    targets.map((target) => target?.status),
    expected,
  )
  assert.deepEqual(
    targets.map((target) => target?.version),
    [2, 2, 2, 1],
  )
  await eventually(async () => ended.some((item) => item.executionId === running), true)
  await listening.close()
})

test('a request about what is not there, or an unknown one, is answered with an error', async () => {
  const missing = await ask('cancel', newId())
  const odd = await ask('explode', missing)
  await bench.start({ sweepPauseMs: 100 })
  const name = async (id: string) =>
    ((await outcome(id)) as { error?: { name: string } } | undefined)?.error?.name
  await eventually(
    () => Promise.all([name(missing), name(odd)]),
    ['ResourceNotFoundError', 'EngineException'],
  )
})

test('two copies and any number of nudges carry out a request once', async () => {
  await bench.start({ sweepPauseMs: 100 })
  await bench.start({ sweepPauseMs: 100 })
  const targets = await bench.store.executions(
    Array.from({ length: 30 }, () => ({ status: 'SCHEDULED' })),
  )
  const asked: string[] = []
  for (const target of targets) asked.push(await ask('pause', target))
  const keys = asked.map((executionId) => ({ workspaceId: bench.store.workspaceId, executionId }))
  for (let times = 0; times < 5; times += 1) bench.bus.nudgeControls(keys)
  await eventually(() => bench.sql('SELECT FROM wait'), [])
  const [counts] = await bench.sql<Record<string, unknown>>(
    `SELECT (SELECT count(*)::int FROM answer) AS answers,
       (SELECT count(*)::int FROM execution WHERE status = 'PAUSED' AND version = 2) AS paused`,
  )
  assert.deepEqual(counts, { answers: 30, paused: 30 })
})

test('an execution may pause itself', async () => {
  const id = await bench.store.execution({ status: 'WAITING_DEPENDENCY' })
  await bench.store.wait(id, {
    kind: 'CONTROL',
    subject: 'pause',
    ref: id,
    since: '2020-01-01T00:00:00Z',
  })
  await bench.start({ sweepPauseMs: 100 })
  await eventually(async () => (await row(id))?.status, 'PAUSED')
  assert.deepEqual(await bench.sql('SELECT beneath FROM execution WHERE id = $1', [id]), [
    { beneath: 'WAITING_ENGINE' },
  ])
})

test('a cancelled target takes its children with it', async () => {
  const target = await bench.store.execution({ status: 'WAITING_DEPENDENCY' })
  const child = await bench.store.execution({ status: 'SCHEDULED', parent_execution_id: target })
  const grandchild = await bench.store.execution({
    status: 'SCHEDULED',
    parent_execution_id: child,
  })
  await ask('cancel', target)
  await bench.start({ sweepPauseMs: 100 })
  await eventually(async () => (await row(grandchild))?.status, 'ENDED_CANCELLED')
  assert.equal((await row(child))?.status, 'ENDED_CANCELLED')
})
