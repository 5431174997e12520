import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { flows } from './flows.ts'
import { listRecords } from './record-lists.ts'
import {
  insertScheduleRuns,
  listScheduleRuns,
  type NewScheduleRun,
  removeOldRuns,
  updateScheduleRuns,
} from './schedule-runs.ts'
import {
  deleteIteration,
  dueIterations,
  insertIteration,
  lockSchedule,
  pauseSchedule,
  readIteration,
  readOpenRuns,
  readScheduleWork,
  resumeSchedule,
  schedulesOfEnded,
} from './schedule-work.ts'
import { schedulers } from './schedulers.ts'
import { schedules } from './schedules.ts'
import { putScript } from './scripts.ts'
import { SHARDS } from './shard-leases.ts'
import { steerExecutions } from './steer-executions.ts'
import { startTestStore, type TestStore } from '../test/test-store.ts'

let store: TestStore
let flowId: string
let hash: string
before(async () => {
  store = await startTestStore()
  const { db, workspaceId } = store
  hash = await putScript(db, workspaceId, { language: 'typescript', source: 'x' })
  flowId = newId()
  const fields = { name: 'job', script_hash: hash }
  await flows.insert(db, { workspaceId, id: flowId, by: null, fields })
})
after(() => store.close())

async function schedule(): Promise<{ workspaceId: string; scheduleId: string }> {
  const { db, workspaceId } = store
  const id = newId()
  const fields = { name: id, flow_id: flowId, timing: '{"cron":"* * * * *"}' }
  await schedules.insert(db, { workspaceId, id, by: null, fields })
  return { workspaceId, scheduleId: id }
}

const iteration = (executionId: string) => ({
  executionId,
  revision: 1,
  plannedMs: null,
  startMs: null,
  jitterMs: 0,
  held: false,
})

const run = (more: Partial<NewScheduleRun> = {}): NewScheduleRun => ({
  id: newId(),
  origin: 'TIMING',
  backfillId: null,
  plannedMs: 1_700_000_000_000,
  lastPlannedMs: null,
  count: 1,
  state: 'QUEUED',
  reason: null,
  overlap: 'skip',
  executionId: null,
  ...more,
})

test('of many that start an iteration at once one succeeds, and the next when that is gone', async () => {
  const { db } = store
  const key = await schedule()
  const ids = Array.from({ length: 10 }, () => newId())
  const made = await Promise.all(ids.map((id) => insertIteration(db, key, iteration(id))))
  assert.equal(made.filter(Boolean).length, 1)
  const present = await readIteration(db, key)
  const executionId = present?.execution_id ?? ''
  assert.ok(made[ids.indexOf(executionId)])
  assert.equal(await deleteIteration(db, { ...key, executionId: newId() }), false)
  assert.equal(await deleteIteration(db, { ...key, executionId }), true)
  assert.equal(await insertIteration(db, key, iteration(newId())), true)
})

test('iterations that a person has paused keep no other from its time, and are due when they go on', async () => {
  const { db } = store
  const [first, second] = [await schedule(), await schedule()]
  const paused = await store.execution({ status: 'PAUSED', beneath: 'SCHEDULED' })
  const ids = [paused, await store.execution({ status: 'SCHEDULED' })]
  for (const [at, key] of [first, second].entries()) {
    const times = { plannedMs: at * 1_000, startMs: at * 1_000 }
    await insertIteration(db, key, { ...iteration(ids[at] ?? ''), ...times })
  }
  const shards = Array.from({ length: SHARDS }, (_, shard) => shard)
  const due = () => dueIterations(db, { shards, limit: 1 })
  assert.deepEqual(await due(), [second])
  await steerExecutions(db, {
    action: 'resume',
    executions: [{ workspaceId: store.workspaceId, executionId: paused }],
    message: null,
  })
  assert.deepEqual(await due(), [first])
})

test('a planned time goes into the book once', async () => {
  const { db } = store
  const key = await schedule()
  const [first, again] = [run(), run()]
  assert.deepEqual(await insertScheduleRuns(db, key, [first]), new Set([first.id]))
  assert.deepEqual(await insertScheduleRuns(db, key, [again]), new Set())
  // A backfill may run it once more.
  const backfill = run({ origin: 'BACKFILL', backfillId: newId(), state: 'SKIPPED' })
  assert.equal((await insertScheduleRuns(db, key, [backfill])).size, 1)
  const open = await readOpenRuns(db, { ...key, deep: true })
  assert.deepEqual(
    open.map(({ id, state }) => [id, state]),
    [[first.id, 'QUEUED']],
  )
})

test('a run is live as long as its execution is, or with what is below it', async () => {
  const { db, workspaceId } = store
  const key = await schedule()
  const ended = { status: 'ENDED_SUCCESS', ended_at: new Date().toISOString() }
  const parent = await store.execution(ended)
  await store.execution({ parent_execution_id: parent, top_execution_id: parent })
  await insertScheduleRuns(db, key, [run({ state: 'STARTED', executionId: parent })])
  const isLive = async (deep: boolean) => (await readOpenRuns(db, { ...key, deep }))[0]?.is_live
  assert.deepEqual([await isLive(false), await isLive(true)], [false, true])
  assert.deepEqual(await schedulesOfEnded(db, [{ workspaceId, executionId: parent }]), [key])
  const [open] = await readOpenRuns(db, { ...key, deep: false })
  await updateScheduleRuns(db, workspaceId, [{ id: open?.id ?? '', state: 'ENDED' }])
  assert.deepEqual(await schedulesOfEnded(db, [{ workspaceId, executionId: parent }]), [])
})

test('the book is listed, and its old entries are removed', async () => {
  const { db, workspaceId } = store
  const key = await schedule()
  const runs = [1, 2, 3].map((n) => run({ plannedMs: n * 1_000, state: 'DROPPED', count: n }))
  await insertScheduleRuns(db, key, runs)
  const list = { ...key, filter: null, order: null, limit: 2, cursor: null, count: true }
  const page = await listScheduleRuns(db, list)
  assert.deepEqual(
    page.rows.map(({ count }) => count),
    [3, 2],
  )
  assert.equal(page.total, 3)
  const rest = await listScheduleRuns(db, { ...list, cursor: page.nextCursor })
  assert.deepEqual(
    rest.rows.map(({ count }) => count),
    [1],
  )
  assert.equal(await removeOldRuns(db, { workspaceId, keepMs: 60_000, limit: 10 }), 0)
  assert.ok((await removeOldRuns(db, { workspaceId, keepMs: 0, limit: 10 })) >= 3)
})

test('a schedule is listed with its names, changed and paused', async () => {
  const { db, workspaceId } = store
  const { scheduleId: id } = await schedule()
  const list = { workspaceId, order: null, limit: 50, cursor: null, count: true, trashed: false }
  const filter = { field: 'flow_name', op: 'eq', value: 'job' } as const
  const page = await listRecords(db, 'schedule', { ...list, filter })
  const found = page.rows.find((row) => row.id === id)
  assert.deepEqual(
    [found?.flow_name, found?.catch_up, found?.overlap, found?.is_enabled],
    ['job', 'none', 'skip', true],
  )
  const before = await readScheduleWork(db, { workspaceId, scheduleId: id })
  const patch = { jitter_seconds: 5, renewed: true } as const
  await schedules.update(db, { workspaceId, id, by: null, patch })
  const key = { workspaceId, scheduleId: id }
  const work = await readScheduleWork(db, key)
  assert.deepEqual([work?.revision, work?.jitter_seconds], [(before?.revision ?? 0) + 1, 5])
  assert.equal(work?.decided_until, before?.decided_until)
  assert.equal(work?.flow_script_hash, hash)
  assert.equal(await resumeSchedule(db, { ...key, catchUp: null }), false)
  assert.equal(await pauseSchedule(db, key), true)
  assert.equal(await resumeSchedule(db, { ...key, catchUp: 'all' }), true)
  assert.equal((await readScheduleWork(db, key))?.resume_catch_up, 'all')
  await schedules.remove(db, { workspaceId, id })
  assert.equal(await lockSchedule(db, key), false)
})

test('a scheduler keeps its script', async () => {
  const { db, workspaceId } = store
  const id = newId()
  const fields = { name: 'nightly', script_hash: hash }
  await schedulers.insert(db, { workspaceId, id, by: null, fields })
  const row = await schedulers.read(db, { workspaceId, name: 'nightly' })
  assert.deepEqual([row?.script, row?.language, row?.script_hash], ['x', 'typescript', hash])
  await assert.rejects(
    schedulers.insert(db, { workspaceId, id: newId(), by: null, fields }),
    /conflict|duplicate|unique/i,
  )
})
