import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { applyIfVersion } from './apply-if-version.ts'
import { commitActivations } from './commit-activations.ts'
import { createExecutions } from './create-executions.ts'
import type { Queryable } from './database.ts'
import { lockExecutions } from './deadlocks.ts'
import { decide } from '@millrace/execution'
import { listGateKeys } from './inspect-locks.ts'
import { forgetRuntimes, maxRuntimeOf, passGates, putRuntimeLimits } from './limits.ts'
import { loadLocks, saveLocks } from './locks.ts'
import { readExecution, readWaits, toExecution } from './read-execution.ts'
import { steerExecutions } from './steer-executions.ts'
import { newCommit, newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId, sql } = store
after(() => store.close())

const gates = [
  { key: `concurrency:${newId()}`, capacity: 2 },
  { key: `rate:${newId()}`, capacity: 5 },
]
const [place] = gates
const key = place?.key ?? ''
const requestsOf = (id: string) =>
  sql('SELECT key, seq, action, capacity FROM lock_request WHERE execution_id = $1', [id])
const waitsOf = (id: string) =>
  sql('SELECT seq, kind, subject FROM wait WHERE execution_id = $1', [id])
const statusOf = (id: string) => sql('SELECT status, beneath FROM execution WHERE id = $1', [id])
const asked = [{ key, seq: 0, action: 'acquire', capacity: 2 }]

test('a run of a limited flow is born in the queue for its first gate, once', async () => {
  const item = newExecution({ workspaceId, id: newId(), gates })
  const plain = newExecution({ workspaceId, id: newId() })
  await createExecutions(db, [item, plain])
  assert.deepEqual(await statusOf(item.id), [{ status: 'WAITING_LOCK', beneath: null }])
  assert.deepEqual(await waitsOf(item.id), [{ seq: 0, kind: 'LOCK', subject: key }])
  assert.deepEqual(await requestsOf(item.id), asked)
  assert.deepEqual(await statusOf(plain.id), [{ status: 'WAITING_ENGINE', beneath: null }])
  // It got its place meanwhile; being created again changes nothing.
  await sql('DELETE FROM wait WHERE execution_id = $1', [item.id])
  await sql('DELETE FROM lock_request WHERE execution_id = $1', [item.id])
  await createExecutions(db, [item])
  assert.deepEqual([await waitsOf(item.id), await requestsOf(item.id)], [[], []])
})

test('the end of who holds a place is told, for the next to start at once', async () => {
  const [place, turn] = gates.map((gate) => [{ ...gate, key: `${gate.key}:"its end"` }])
  const holder = newExecution({ workspaceId, id: newId(), gates: place ?? [] })
  const starter = newExecution({ workspaceId, id: newId(), gates: turn ?? [] })
  await createExecutions(db, [holder, starter])
  const ids = [holder.id, starter.id]
  const rows = await sql<{ id: string; watched: boolean }>(
    'SELECT id, watched FROM execution WHERE id = ANY ($1)',
    [ids],
  )
  const watched = new Map(rows.map((row) => [row.id, row.watched]))
  // A turn in a rate is over with its period, whenever its run ends.
  assert.deepEqual(
    ids.map((id) => watched.get(id)),
    [true, false],
  )
})

test('one that is scheduled waits for its time first, and one that is held back asks when resumed', async () => {
  const later = newExecution({ workspaceId, id: newId(), gates, scheduledFor: 4e12 })
  const held = newExecution({ workspaceId, id: newId(), gates, paused: true })
  await createExecutions(db, [later, held])
  assert.deepEqual(await waitsOf(later.id), [{ seq: 0, kind: 'START', subject: key }])
  assert.deepEqual(await statusOf(held.id), [{ status: 'PAUSED', beneath: 'WAITING_LOCK' }])
  assert.deepEqual([await requestsOf(later.id), await requestsOf(held.id)], [[], []])

  const at = { workspaceId, executionId: held.id }
  const row = await readExecution(db, at)
  assert.ok(row)
  const before = toExecution(row, await readWaits(db, at))
  const decision = decide(before, { type: 'resumeRequested' })
  assert.ok(decision.kind === 'moved')
  assert.ok(await applyIfVersion(db, at, { before, after: decision.next }))
  assert.deepEqual(await statusOf(held.id), [{ status: 'WAITING_LOCK', beneath: null }])
  assert.deepEqual(await requestsOf(held.id), asked)
})

test('of many that are resumed, who was held back before its gate asks, and the caller is told where', async () => {
  const held = newExecution({ workspaceId, id: newId(), gates, paused: true })
  const plain = newExecution({ workspaceId, id: newId(), paused: true })
  await createExecutions(db, [held, plain])
  const executions = [held, plain].map(({ id }) => ({ workspaceId, executionId: id }))
  const steered = await steerExecutions(db, { action: 'resume', executions, message: null })
  const byId = new Map(steered.map((one) => [one.executionId, [one.moved?.status, one.gate]]))
  assert.deepEqual(byId.get(held.id), ['WAITING_LOCK', key])
  assert.deepEqual(byId.get(plain.id), ['WAITING_ENGINE', null])
  assert.deepEqual(await requestsOf(held.id), asked)
})

test('a resume that had to wait while its run passed a gate asks there in vain', async () => {
  const item = newExecution({ workspaceId, id: newId(), gates })
  await createExecutions(db, [item])
  const at = { workspaceId, executionId: item.id }
  await steerExecutions(db, { action: 'pause', executions: [at], message: null })
  const row = await readExecution(db, at)
  assert.ok(row)
  const before = toExecution(row, await readWaits(db, at))
  const decision = decide(before, { type: 'resumeRequested' })
  assert.ok(decision.kind === 'moved')
  const waiting = {
    name: 'test.waiting',
    text: `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  }
  const load = (tx: Queryable) => loadLocks(tx, [{ workspaceId, key }], null)
  const { resuming } = await db.transaction(async (tx) => {
    const [loaded] = await load(tx)
    assert.ok(loaded)
    await lockExecutions(tx, [at])
    assert.equal((await passGates(tx, [{ ...at, generation: 1, key }])).length, 1)
    const done = [{ executionId: item.id, generation: 1, seq: 0 }]
    const change = { loaded, next: loaded.lock, joined: [], generationOf: new Map(), done }
    await saveLocks(tx, [change])
    const resuming = applyIfVersion(db, at, { before, after: decision.next })
    while ((await db.query(waiting)).length === 0);
    return { resuming }
  })
  assert.ok(await resuming)
  const [waits] = await waitsOf(item.id)
  assert.deepEqual(waits, { seq: 0, kind: 'LOCK', subject: gates[1]?.key })
  const [loaded] = await db.transaction(load)
  const asked = loaded?.fresh.filter(({ executionId }) => executionId === item.id)
  assert.deepEqual(
    asked?.map(({ isOpen }) => isOpen),
    [false],
  )
})

test('what was reverted while what is below it was cancelled keeps its maximum runtime', async () => {
  const at = { workspaceId, executionId: newId() }
  const limit = { ...at, seconds: 60, scheduledFor: null }
  const isWatched = async () =>
    (await sql('SELECT FROM runtime_limit WHERE execution_id = $1', [at.executionId])).length > 0
  await putRuntimeLimits(db, [limit])
  await forgetRuntimes(db, [at])
  assert.ok(await isWatched())
  await sql('UPDATE runtime_limit SET is_over = true WHERE execution_id = $1', [at.executionId])
  await forgetRuntimes(db, [at])
  assert.ok(!(await isWatched()))
})

test('a child of a limited flow, and one with a maximum runtime, bring it with the commit', async () => {
  const parent = newExecution({ workspaceId, id: newId() })
  await createExecutions(db, [parent])
  const common = { workspaceId, parentId: parent.id, topId: parent.id }
  const gated = newExecution({ ...common, id: newId(), gates })
  const timed = newExecution({ ...common, id: newId(), extra: '{"max_runtime_seconds":90}' })
  const commit = {
    ...newCommit({ workspaceId, executionId: parent.id, processId: newId() }),
    children: [gated, timed],
  }
  const stale = {
    ...commit,
    version: 7,
    children: [newExecution({ ...common, id: newId(), gates })],
  }
  assert.deepEqual(
    (await commitActivations(db, [stale, commit])).map(({ applied }) => applied),
    [false, true],
  )
  assert.deepEqual(await requestsOf(gated.id), asked)
  assert.deepEqual(
    await sql(
      `SELECT seconds, is_over, check_at > clock() + interval '80 s' AS later FROM runtime_limit WHERE execution_id = $1`,
      [timed.id],
    ),
    [{ seconds: 90, is_over: false, later: true }],
  )
  assert.deepEqual(
    await sql('SELECT FROM start_gate WHERE execution_id = $1', [stale.children[0]?.id]),
    [],
  )
})

test('who creates a run without saying what limits it gets what its flow has', async () => {
  const flow = async (row: Record<string, unknown>): Promise<string> => {
    const id = newId()
    await store.seed('flow', [
      { workspace_id: workspaceId, id, name: id, script_hash: '\\xab', ...row },
    ])
    return id
  }
  const limited = await flow({
    max_runtime_seconds: 60,
    concurrency: { limit: 3, key: '/k' },
  })
  const free = await flow({})
  const input = '{"k":7}'
  const items = [
    newExecution({ workspaceId, id: newId(), flowId: limited, input, extra: '{"tags":["a"]}' }),
    newExecution({ workspaceId, id: newId(), flowId: free }),
    // Said: nothing limits it.
    newExecution({ workspaceId, id: newId(), flowId: limited, gates: null }),
  ]
  await createExecutions(db, items)
  const [one, two, three] = items.map(({ id }) => id)
  assert.deepEqual(await waitsOf(one ?? ''), [
    { seq: 0, kind: 'LOCK', subject: `concurrency:${limited}:7` },
  ])
  const [row] = await sql<{ extra: object }>('SELECT extra FROM execution WHERE id = $1', [one])
  assert.deepEqual(row?.extra, { tags: ['a'], max_runtime_seconds: 60 })
  for (const id of [two, three])
    assert.deepEqual(await statusOf(id ?? ''), [{ status: 'WAITING_ENGINE', beneath: null }])
})

test('a maximum runtime is read from the rarely set properties alone', () => {
  assert.equal(maxRuntimeOf(null), null)
  assert.equal(maxRuntimeOf('{"tags":["a"]}'), null)
  assert.equal(maxRuntimeOf('{"metadata":{"max_runtime_seconds":5}}'), null)
  assert.equal(maxRuntimeOf('{"max_runtime_seconds":5}'), 5)
})

test('the gates of a flow are found among others, each once and so many at most', async () => {
  const flowId = newId()
  const keysOf = [
    ...['', ':"a"', ':"b"', ':"b"'].map((value) => `concurrency:${flowId}${value}`),
    `rate:${flowId}:7`,
  ]
  const others = [`concurrency:${newId()}`, `rate:${newId()}:7`, 'semaphore:s', 'setting:x']
  const rowOf = (gate: string) => ({
    workspace_id: workspaceId,
    key: gate,
    execution_id: newId(),
  })
  await store.seed(
    'lock_holder',
    [...keysOf.slice(0, 3), ...others].map((gate, token) => ({ ...rowOf(gate), token })),
  )
  await store.seed(
    'lock_request',
    [...keysOf.slice(2), ...others].map((gate, seq) => ({
      ...rowOf(gate),
      generation: 1,
      seq,
      action: 'acquire',
    })),
  )
  const found = (limit: number) => listGateKeys(db, { workspaceId, flowId, limit })
  assert.deepEqual(await found(100), [...new Set(keysOf)])
  assert.deepEqual(await found(2), keysOf.slice(0, 2))
  assert.deepEqual(await listGateKeys(db, { workspaceId, flowId: newId(), limit: 100 }), [])
})
