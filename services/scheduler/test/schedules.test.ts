import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import {
  flows,
  putScript,
  type ScheduleFields,
  schedulers,
  schedules,
  setStaticWrappers,
  wrappers,
} from '@millrace/store'
import { schedulerService } from '@millrace/wire'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

let bench: SchedulerBench
let flowId: string
before(async () => {
  bench = await startBench()
  const { db, workspaceId } = bench.store
  flowId = newId()
  const script_hash = await putScript(db, workspaceId, { language: 'typescript', source: 'x' })
  const fields = { name: 'job', script_hash }
  await flows.insert(db, { workspaceId, id: flowId, by: null, fields })
})
after(() => bench.close())
beforeEach(() =>
  bench.sql(
    'TRUNCATE execution, wait, schedule, schedule_iteration, schedule_run, process_lease, shard_lease',
  ),
)
afterEach(() => bench.stopAll())

const QUICK = { sweepPauseMs: 30 }

interface Iteration {
  readonly id: string
  readonly status: string
  readonly in_seconds: number | null
  readonly input: { readonly after?: readonly string[]; readonly planned_at?: string }
}

/** A schedule that was made as long ago. */
async function schedule(fields: Partial<ScheduleFields> = {}, decided = '0 s'): Promise<string> {
  const { db, workspaceId } = bench.store
  const id = newId()
  await schedules.insert(db, {
    workspaceId,
    id,
    by: null,
    fields: {
      name: id,
      flow_id: flowId,
      ...(fields.scheduler_id === undefined && { timing: '{"cron":"* * * * *"}' }),
      ...fields,
    },
  })
  await bench.sql(
    'UPDATE schedule SET decided_until = clock() - $2::interval, begun_at = clock() - $2::interval WHERE id = $1',
    [id, decided],
  )
  return id
}

/** Live iterations, by what the executions say: the table of iterations is not asked. */
const iterations = (id: string) =>
  bench.sql<Iteration>(
    `SELECT id, status, extract(epoch FROM scheduled_for - clock())::float8 AS in_seconds, input
     FROM execution WHERE type = 'SCHEDULE' AND extra ->> 'schedule_id' = $1 AND ended_at IS NULL ORDER BY id`,
    [id],
  )

const count = async (id: string): Promise<number> => (await iterations(id)).length

async function live(id: string): Promise<Iteration> {
  await eventually(() => count(id), 1)
  return (await iterations(id))[0] ?? assert.fail('no iteration')
}

/** What an engine and the timers would do. */
async function end(executionId: string, status = 'ENDED_SUCCESS'): Promise<void> {
  await bench.sql('DELETE FROM wait WHERE execution_id = $1', [executionId])
  await bench.sql(
    `UPDATE execution SET status = $2, beneath = NULL, version = version + 1, ended_at = clock() WHERE id = $1`,
    [executionId, status],
  )
  const key = { workspaceId: bench.store.workspaceId, executionId }
  bench.bus.publishEnded([{ ...key, status: 'ENDED_SUCCESS' }])
}

/** Ends the live iteration and returns the one that follows. */
async function next(id: string, status = 'ENDED_SUCCESS'): Promise<Iteration> {
  await eventually(async () => (await isFired(id)) || status !== 'ENDED_SUCCESS', true)
  const former = await live(id)
  await end(former.id, status)
  await eventually(async () => (await iterations(id)).map((one) => one.id === former.id), [false])
  return live(id)
}

/** Its time was decided about, or it waits for none. */
const isFired = async (id: string): Promise<boolean> =>
  (
    await bench.sql(
      'SELECT FROM schedule_iteration WHERE schedule_id = $1 AND (fired_at IS NOT NULL OR planned_at IS NULL)',
      [id],
    )
  ).length > 0

const runs = (id: string) =>
  bench.sql<{ state: string; reason: string | null; count: number; execution_id: string | null }>(
    'SELECT state, reason, count, execution_id FROM schedule_run WHERE schedule_id = $1 ORDER BY id',
    [id],
  )

/** As if another minute had passed: the last one is due once more. */
async function again(id: string): Promise<void> {
  await bench.sql(
    `UPDATE schedule_run SET planned_at = planned_at - interval '1 hour' WHERE schedule_id = $1`,
    [id],
  )
  await bench.sql(`UPDATE schedule SET decided_until = clock() - interval '61 s' WHERE id = $1`, [
    id,
  ])
  await bench.sql(`UPDATE schedule_iteration SET start_at = clock() WHERE schedule_id = $1`, [id])
}

const flowsOf = (id: string) =>
  bench.sql<{ id: string; status: string; parent: string; input: object; orphan: boolean }>(
    `SELECT id, status, parent_execution_id AS parent, input, orphan FROM execution
     WHERE type = 'FLOW' AND extra ->> 'schedule_id' = $1 ORDER BY id`,
    [id],
  )

test('a schedule has one live iteration that waits for its time, however many copies there are', async () => {
  const ids = [await schedule(), await schedule(), await schedule({ is_enabled: false })]
  for (let copy = 0; copy < 3; copy += 1) await bench.start(QUICK)
  const first = await live(ids[0] ?? '')
  await live(ids[1] ?? '')
  assert.equal(first.status, 'SCHEDULED')
  assert.ok((first.in_seconds ?? -1) > -1 && (first.in_seconds ?? 99) <= 60)
  const [wait] = await bench.sql<{ kind: string; due: boolean }>(
    `SELECT w.kind, w.due_at = e.scheduled_for AS due FROM wait w JOIN execution e ON e.id = w.execution_id WHERE e.id = $1`,
    [first.id],
  )
  // No timer answers it: its time is decided about.
  assert.deepEqual(wait, { kind: 'START', due: null })
  assert.equal(await count(ids[2] ?? ''), 0)
})

test('asking for the same schedule many times at once makes one iteration', async () => {
  const id = await schedule({ is_enabled: false })
  await bench.start({ sweepPauseMs: 60_000 })
  await bench.start({ sweepPauseMs: 60_000 })
  const read = () =>
    bench.sql<{ address: string }>(`SELECT address FROM process_lease WHERE service = 'scheduler'`)
  await eventually(async () => (await read()).length, 2)
  const rows = await read()
  const clients = rows.map(({ address }) => createGrpcClient(schedulerService, address))
  await bench.sql('UPDATE schedule SET is_enabled = true WHERE id = $1', [id])
  const key = { workspaceId: bench.store.workspaceId, scheduleId: id }
  const calls = clients.flatMap((client) => Array.from({ length: 10 }, () => client.attend(key)))
  await Promise.all(calls)
  for (const client of clients) client.close()
  const all = await bench.sql(`SELECT FROM execution WHERE type = 'SCHEDULE'`)
  assert.equal(all.length, 1)
})

test('when its time has come the flow starts as its child, and the next iteration waits', async () => {
  const id = await schedule({ input_value: '{"a":1}', catch_up: 'last' }, '70 s')
  await bench.start(QUICK)
  await eventually(async () => (await flowsOf(id)).length, 1)
  const first = await live(id)
  assert.equal(first.status, 'WAITING_ENGINE')
  const [run] = await flowsOf(id)
  assert.deepEqual([run?.parent, run?.status, run?.orphan], [first.id, 'WAITING_ENGINE', true])
  await next(id)
  assert.equal((await flowsOf(id)).length, 1)
  const input = run?.input as { a: number; scheduled_at: string }
  assert.equal(input.a, 1)
  assert.match(input.scheduled_at, /:00\.000Z$/)
  const started = async () => (await runs(id)).filter(({ execution_id }) => execution_id !== null)
  assert.deepEqual(
    (await started()).map(({ state, execution_id }) => [state, execution_id]),
    [['STARTED', run?.id]],
  )
  await end(run?.id ?? '')
  await eventually(async () => (await started()).map(({ state }) => state), ['ENDED'])
})

test('wrappers of a schedule stand around its runs, outside of those of its flow', async () => {
  const { db, workspaceId } = bench.store
  const wrapper = async (name: string): Promise<string> => {
    const wrapperId = newId()
    const script_hash = await putScript(db, workspaceId, { language: 'typescript', source: name })
    const fields = { name, script_hash }
    await wrappers.insert(db, { workspaceId, id: wrapperId, by: null, fields })
    return wrapperId
  }
  const [outer, inner] = [await wrapper('outer'), await wrapper('inner')]
  const id = await schedule({ catch_up: 'last' }, '70 s')
  const link = (type: string, wrapped: string, by: readonly string[]) =>
    setStaticWrappers(db, {
      workspaceId,
      type,
      id: wrapped,
      wrappers: by.map((one) => ({ id: one, input: { of: type } })),
    })
  await link('schedule', id, [outer])
  await link('flow', flowId, [inner])
  try {
    await bench.start(QUICK)
    const first = await live(id)
    const runsOf = () =>
      bench.sql<{ parent: string; wrapper: string; input: unknown }>(
        `SELECT parent_execution_id AS parent, extra ->> 'wrapper_id' AS wrapper, input FROM execution
         WHERE type = 'WRAPPER' AND extra ->> 'schedule_id' = $1`,
        [id],
      )
    await eventually(async () => (await runsOf()).length, 1)
    const [run = assert.fail()] = await runsOf()
    assert.deepEqual([run.parent, run.wrapper], [first.id, outer])
    const { of, wrapped } = run.input as { of: string; wrapped: { wrappers: { id: string }[] } }
    assert.deepEqual([of, wrapped.wrappers.map((use) => use.id)], ['schedule', [inner]])
    assert.equal((await flowsOf(id)).length, 0)
  } finally {
    await link('flow', flowId, [])
  }
})

test('a run whose input the flow takes no more is skipped, and the book says why', async () => {
  const { db, workspaceId } = bench.store
  const id = await schedule({ catch_up: 'last' }, '70 s')
  const input_schema = JSON.stringify({ type: 'object', required: ['day'] })
  await flows.update(db, { workspaceId, id: flowId, by: null, patch: { input_schema } })
  try {
    await bench.start(QUICK)
    const skipped = async () => [
      ...new Set((await runs(id)).flatMap((run) => (run.state === 'SKIPPED' ? [run.reason] : []))),
    ]
    await eventually(skipped, [
      'its input does not match the input_schema of its flow: /day is missing',
    ])
    assert.equal((await flowsOf(id)).length, 0)
  } finally {
    await flows.update(db, { workspaceId, id: flowId, by: null, patch: { input_schema: null } })
  }
})

test('the end of a run that no iteration stands above is told, for the next of its backfill', async () => {
  const { workspaceId } = bench.store
  const id = await schedule()
  await bench.sql('UPDATE schedule SET is_enabled = false WHERE id = $1', [id])
  await bench.sql(
    `INSERT INTO schedule_run (workspace_id, schedule_id, id, origin, backfill_id, planned_at, state, overlap)
     VALUES ($1, $2, $3, 'BACKFILL', $3, '2020-01-01T00:00:00Z', 'QUEUED', 'queue_all')`,
    [workspaceId, id, newId()],
  )
  await bench.start(QUICK)
  await eventually(async () => (await flowsOf(id)).length, 1)
  const [first = assert.fail()] = await flowsOf(id)
  assert.equal(first.parent, null)
  const watched = bench.sql('SELECT watched FROM execution WHERE id = $1', [first.id])
  assert.deepEqual(await watched, [{ watched: true }])
})

test('a failed or cancelled iteration is followed by one that starts a minute later', async () => {
  const scheduler_id = newId()
  const { db, workspaceId } = bench.store
  const script_hash = await putScript(db, workspaceId, { language: 'typescript', source: 'y' })
  const fields = { name: scheduler_id, script_hash }
  await schedulers.insert(db, { workspaceId, id: scheduler_id, by: null, fields })
  const id = await schedule({ scheduler_id })
  await bench.start(QUICK)
  assert.equal((await live(id)).in_seconds, null)
  for (const status of ['ENDED_ERROR', 'ENDED_CANCELLED']) {
    const after = await next(id, status)
    assert.equal(after.status, 'SCHEDULED')
    assert.ok((after.in_seconds ?? 0) > 50 && (after.in_seconds ?? 99) <= 60, `${after.in_seconds}`)
  }
  assert.ok(((await next(id)).in_seconds ?? 0) <= 1)
})

test('disabling cancels the iteration and leaves what it has started', async () => {
  const id = await schedule({ overlap: 'queue_all', catch_up: 'last' }, '70 s')
  await bench.start(QUICK)
  await next(id)
  await again(id)
  const decided = async () => (await runs(id)).filter(({ state }) => state !== 'DROPPED')
  await eventually(async () => (await decided()).map(({ state }) => state), ['STARTED', 'QUEUED'])
  await bench.sql('UPDATE schedule SET is_enabled = false WHERE id = $1', [id])
  await eventually(() => count(id), 0)
  const [cancelled] = await bench.sql<{ message: string }>(
    `SELECT message FROM execution WHERE status = 'ENDED_CANCELLED'`,
  )
  assert.equal(cancelled?.message, 'Its schedule was disabled.')
  assert.deepEqual(
    (await flowsOf(id)).map(({ status }) => status),
    ['WAITING_ENGINE'],
  )
  const [, queued] = await decided()
  assert.deepEqual([queued?.state, queued?.reason], ['SKIPPED', 'the schedule was disabled'])
})

test('what waits for a run starts when that has ended', async () => {
  const id = await schedule({ overlap: 'queue_one', catch_up: 'all' }, '190 s')
  await bench.start(QUICK)
  await next(id)
  await eventually(async () => (await flowsOf(id)).length, 1)
  const waiting = (await runs(id)).filter(({ state }) => state === 'QUEUED').length
  assert.ok(waiting >= 1)
  await end((await flowsOf(id))[0]?.id ?? '')
  await eventually(async () => (await flowsOf(id)).length, 2)
  assert.equal((await runs(id)).filter(({ state }) => state === 'QUEUED').length, waiting - 1)
})

test('what cancels the running one starts after it, and what terminates it at once', async () => {
  for (const overlap of ['cancel_running', 'terminate_running'] as const) {
    const id = await schedule({ overlap, catch_up: 'last' }, '70 s')
    await bench.start(QUICK)
    await next(id)
    const [first] = await flowsOf(id)
    await again(id)
    await eventually(
      async () => (await flowsOf(id)).map(({ status }) => status),
      ['ENDED_CANCELLED', 'WAITING_ENGINE'],
    )
    assert.equal((await flowsOf(id))[0]?.id, first?.id)
    await bench.stopAll()
  }
})

test('a pause holds the iteration, and what was missed meanwhile is left out', async () => {
  const timing = '{"cron":"0 0 1 1 *"}'
  const id = await schedule({ timing })
  await bench.start(QUICK)
  const { id: held } = await live(id)
  await bench.sql('UPDATE schedule SET paused_at = clock() WHERE id = $1', [id])
  await eventually(async () => (await iterations(id)).map(({ status }) => status), ['PAUSED'])
  // Its time comes while it is paused.
  await bench.sql(`UPDATE schedule_iteration SET start_at = clock() WHERE schedule_id = $1`, [id])
  await bench.sql(
    `UPDATE schedule SET timing = '{"cron":"* * * * *"}', decided_until = clock() - interval '61 s' WHERE id = $1`,
    [id],
  )
  await bench.sql('UPDATE schedule SET paused_at = NULL, resumed_at = clock() WHERE id = $1', [id])
  await eventually(
    async () => (await iterations(id)).map((one) => [one.id, one.status]),
    [[held, 'WAITING_ENGINE']],
  )
  await eventually(async () => (await runs(id)).length, 1)
  const [run] = await runs(id)
  assert.deepEqual([run?.state, run?.reason], ['DROPPED', 'it was missed, and catch_up is none'])
  assert.equal((await flowsOf(id)).length, 0)
})

test('an interval from the end waits for the run that it counts from', async () => {
  const timing = '{"interval_seconds":3600,"anchor":"end"}'
  const id = await schedule(
    { timing, starts_at: new Date(Date.now() - 1_000).toISOString() },
    '2 s',
  )
  await bench.start(QUICK)
  const waiting = await next(id)
  const [run] = await flowsOf(id)
  assert.deepEqual(waiting.input.after, [run?.id])
  assert.equal(waiting.status, 'WAITING_ENGINE')
  await end(run?.id ?? '')
  const counted = await next(id)
  assert.equal(counted.input.after, undefined)
  assert.ok(Math.abs((counted.in_seconds ?? 0) - 3_600) < 60, `${counted.in_seconds}`)
})

test('a changed schedule gets another iteration, a removed one none', async () => {
  const id = await schedule()
  await bench.start(QUICK)
  const { id: former } = await live(id)
  const timing = '{"cron":"0 0 1 1 *"}'
  await bench.sql('UPDATE schedule SET timing = $2, revision = revision + 1 WHERE id = $1', [
    id,
    timing,
  ])
  await eventually(async () => (await iterations(id)).map((one) => one.id === former), [false])
  assert.ok(((await live(id)).in_seconds ?? 0) > 0)
  await bench.sql('DELETE FROM schedule WHERE id = $1', [id])
  await eventually(() => count(id), 0)
})

test('a schedule without another time has no iteration, and does not ask for one', async () => {
  const id = await schedule({ ends_at: new Date(Date.now() - 1_000).toISOString() })
  await bench.start(QUICK)
  await eventually(
    async () => (await bench.sql('SELECT FROM schedule WHERE finished_at IS NOT NULL')).length,
    1,
  )
  const asked = bench.statements('schedule-work.sweepSchedules')
  await eventually(async () => bench.statements('schedule-work.sweepSchedules') > asked + 2, true)
  assert.equal(await count(id), 0)
})
