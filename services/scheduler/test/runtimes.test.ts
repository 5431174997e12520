import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { EndedItem } from '@millrace/wire'
import { newId } from '@millrace/runtime'
import { revertExecution } from '@millrace/store'
import { runSql } from '@millrace/testkit'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

let bench: SchedulerBench
before(async () => {
  bench = await startBench()
})
after(() => bench.close())
beforeEach(() =>
  bench.sql('TRUNCATE execution, wait, wait_member, runtime_limit, process_lease, shard_lease'),
)
afterEach(() => bench.stopAll())

const LONG_AGO = '2020-01-01T00:00:00Z'

async function limited(row: Record<string, unknown>, seconds: number): Promise<string> {
  const id = await bench.store.execution({ started_at: LONG_AGO, ...row })
  await bench.store.seed('runtime_limit', [
    {
      workspace_id: bench.store.workspaceId,
      execution_id: id,
      seconds,
      check_at: LONG_AGO,
    },
  ])
  return id
}

const statusOf = async (id: string) =>
  (
    await bench.sql<{ status: string; message: string | null }>(
      'SELECT status, message FROM execution WHERE id = $1',
      [id],
    )
  )[0]

test('what has run for too long ends in error, whatever it does, and says which limit it was', async () => {
  const ended: EndedItem[] = []
  const listening = bench.bus.onEndedAll((items) => void ended.push(...items))
  const engine = newId()
  await bench.sql(
    `INSERT INTO process_lease (process_id, service, expires_at) VALUES ($1, 'engine', clock() + interval '1 h')`,
    [engine],
  )
  const ids = [
    await limited({ status: 'AT_ENGINE', process_id: engine, epoch: 1 }, 60),
    await limited({ status: 'SCHEDULED' }, 60),
    await limited({ status: 'PAUSED', beneath: 'WAITING_LOCK' }, 60),
    await limited({ status: 'LOST' }, 60),
    await limited({ status: 'WAITING_ENGINE' }, 60),
  ]
  await bench.store.wait(ids[1] ?? '', { kind: 'TIMER', due_at: '2999-01-01T00:00:00Z' })
  await bench.start({ sweepPauseMs: 100 })
  const expected = {
    status: 'ENDED_ERROR',
    message: 'It has run for longer than its max_runtime_seconds of 60.',
  }
  await eventually(
    () => Promise.all(ids.map(statusOf)),
    ids.map(() => expected),
  )
  await eventually(() => bench.sql('SELECT FROM runtime_limit'), [])
  assert.deepEqual(await bench.sql('SELECT FROM wait'), [])
  await eventually(async () => ids.every((id) => ended.some((one) => one.executionId === id)), true)
  await listening.close()
})

test('all below it is cancelled but orphans, also below what has ended, and after a crash in between', async () => {
  const top = await limited({ status: 'WAITING_DEPENDENCY' }, 60)
  const child = await bench.store.execution({
    status: 'ENDED_SUCCESS',
    ended_at: LONG_AGO,
    parent_execution_id: top,
  })
  const grandchild = await bench.store.execution({
    status: 'SCHEDULED',
    parent_execution_id: child,
  })
  const orphan = await bench.store.execution({
    status: 'SCHEDULED',
    parent_execution_id: top,
    orphan: true,
  })
  // It was ended, and whoever did it died before the cascade.
  const before = await bench.store.execution({ status: 'ENDED_ERROR', ended_at: LONG_AGO })
  const left = await bench.store.execution({ status: 'SCHEDULED', parent_execution_id: before })
  await bench.store.seed('runtime_limit', [
    {
      workspace_id: bench.store.workspaceId,
      execution_id: before,
      seconds: 60,
      check_at: LONG_AGO,
      is_over: true,
    },
  ])
  await bench.start({ sweepPauseMs: 100 })
  const ids = [top, child, grandchild, left, orphan]
  await eventually(
    async () => (await Promise.all(ids.map(statusOf))).map((row) => row?.status),
    ['ENDED_ERROR', 'ENDED_SUCCESS', 'ENDED_CANCELLED', 'ENDED_CANCELLED', 'SCHEDULED'],
  )
  await eventually(() => bench.sql('SELECT FROM runtime_limit'), [])
})

test('a tree that takes long to cancel holds up neither another one nor another maximum runtime', async () => {
  const { store, sql } = bench
  const first = await limited({ status: 'SCHEDULED' }, 60)
  const child = await store.execution({ status: 'SCHEDULED', parent_execution_id: first })
  const second = await limited({ status: 'SCHEDULED' }, 60)
  const below = await store.execution({ status: 'SCHEDULED', parent_execution_id: second })
  const checkSecond = (at: string) =>
    runSql(store.url, 'UPDATE runtime_limit SET check_at = $2 WHERE execution_id = $1', [
      second,
      at,
    ])
  await checkSecond('2999-01-01T00:00:00Z')
  await sql('BEGIN')
  await sql('SELECT FROM execution WHERE id = $1 FOR UPDATE', [child])
  await bench.start({ sweepPauseMs: 100 })
  await eventually(async () => (await statusOf(first))?.status, 'ENDED_ERROR')
  await checkSecond(LONG_AGO)
  await eventually(async () => (await statusOf(second))?.status, 'ENDED_ERROR')
  await eventually(async () => (await statusOf(below))?.status, 'ENDED_CANCELLED')
  assert.equal((await statusOf(child))?.status, 'SCHEDULED')
  await sql('COMMIT')
  await eventually(async () => (await statusOf(child))?.status, 'ENDED_CANCELLED')
  await eventually(() => sql('SELECT FROM runtime_limit'), [])
})

test('what was ended and has lived again since keeps what its later life has started', async () => {
  const { store, sql } = bench
  const row = { status: 'SCHEDULED', extra: { max_runtime_seconds: 60 } }
  const large = await Promise.all(Array.from({ length: 4 }, () => limited(row, 60)))
  const second = await limited(row, 60)
  const checkSecond = (at: string) =>
    runSql(store.url, 'UPDATE runtime_limit SET check_at = $2 WHERE execution_id = $1', [
      second,
      at,
    ])
  await checkSecond('2999-01-01T00:00:00Z')
  const children = await store.executions(
    large.map((id) => ({ status: 'SCHEDULED', parent_execution_id: id })),
  )
  const later = await store.execution({ status: 'SCHEDULED', parent_execution_id: second })
  const before = await store.execution({ status: 'SCHEDULED', parent_execution_id: second })
  // Stands in the way of as many cancels as are under way at once, as large trees do.
  await sql('BEGIN')
  await sql('SELECT FROM execution WHERE id = ANY ($1) FOR UPDATE', [children])
  await bench.start({ sweepPauseMs: 100 })
  const areStanding = async () =>
    (
      await runSql<{ count: number }>(
        store.url,
        `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
    )[0]?.count
  await eventually(areStanding, large.length)
  await checkSecond(LONG_AGO)
  await eventually(async () => (await statusOf(second))?.status, 'ENDED_ERROR')
  const key = { workspaceId: store.workspaceId, executionId: second }
  const reverted = await revertExecution(store.db, key, { to: { seq: 0 }, by: newId() })
  assert.equal(reverted.kind, 'reverted')
  await runSql(
    store.url,
    `UPDATE execution SET status = 'ENDED_SUCCESS', ended_at = clock() WHERE id = $1`,
    [second],
  )
  await sql('COMMIT')
  await eventually(
    () => Promise.all(children.map(async (id) => (await statusOf(id))?.status)),
    children.map(() => 'ENDED_CANCELLED'),
  )
  await eventually(() => sql('SELECT FROM runtime_limit WHERE is_over'), [])
  for (const id of [later, before]) assert.equal((await statusOf(id))?.status, 'SCHEDULED')
})

test('one that has not started is left alone, and its time counts from its start', async () => {
  const id = await limited({ status: 'PAUSED', beneath: 'WAITING_ENGINE', started_at: null }, 2)
  await bench.start({ sweepPauseMs: 100 })
  await eventually(
    () => bench.sql('SELECT check_at > clock() AS later FROM runtime_limit'),
    [{ later: true }],
  )
  assert.equal((await statusOf(id))?.status, 'PAUSED')
  await bench.sql(
    `UPDATE execution SET started_at = clock(), status = 'WAITING_ENGINE', beneath = NULL WHERE id = $1`,
    [id],
  )
  await eventually(async () => (await statusOf(id))?.status, 'ENDED_ERROR')
})

test('the limit of what has ended is forgotten', async () => {
  await limited({ status: 'ENDED_SUCCESS', ended_at: LONG_AGO }, 60)
  await bench.start({ sweepPauseMs: 100 })
  await eventually(() => bench.sql('SELECT FROM runtime_limit'), [])
})

test('a start time that comes leads into the queue of a limited flow, paused or not', async () => {
  const key = `concurrency:${newId()}`
  const gated = async (row: Record<string, unknown>): Promise<string> => {
    const id = await bench.store.execution(row)
    await bench.store.wait(id, { seq: 0, kind: 'START', due_at: LONG_AGO, subject: key })
    await bench.store.seed('start_gate', [
      { workspace_id: bench.store.workspaceId, execution_id: id, ordinal: 1, key, capacity: 3 },
    ])
    return id
  }
  const open = await gated({ status: 'SCHEDULED' })
  const held = await gated({ status: 'PAUSED', beneath: 'SCHEDULED' })
  await bench.start({ sweepPauseMs: 100 })
  await eventually(
    () => bench.sql('SELECT id, status, beneath, version FROM execution ORDER BY id'),
    [
      { id: open, status: 'WAITING_LOCK', beneath: null, version: 2 },
      { id: held, status: 'PAUSED', beneath: 'WAITING_LOCK', version: 2 },
    ],
  )
  assert.deepEqual(await bench.sql('SELECT seq, kind, subject, due_at FROM wait'), [
    { seq: 0, kind: 'LOCK', subject: key, due_at: null },
    { seq: 0, kind: 'LOCK', subject: key, due_at: null },
  ])
  // Who is held back asks when it is resumed.
  assert.deepEqual(await bench.sql('SELECT execution_id, capacity FROM lock_request'), [
    { execution_id: open, capacity: 3 },
  ])
  await bench.sql('TRUNCATE lock_request, start_gate')
})
