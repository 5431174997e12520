import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decide, STATUSES, type Execution } from '@millrace/execution'
import { newId } from '@millrace/runtime'
import { cancelExecutions, readChildren, readChildrenOfMany } from './cascades.ts'
import type { Queryable } from './database.ts'
import { readControls } from './controls.ts'
import { readExecution, readWaits, toExecution } from './read-execution.ts'
import { startTestStore, type TestStore } from '../test/test-store.ts'

let store: TestStore
before(async () => {
  store = await startTestStore()
})
after(() => store.close())

test('from every status a cancel leads where decide() says, once, and the waits go', async () => {
  const processId = newId()
  const ids = await store.executions(
    STATUSES.map((status) => ({
      status,
      version: 7,
      epoch: 3,
      beneath: status === 'PAUSED' ? 'WAITING_LOCK' : null,
      process_id: status === 'AT_ENGINE' ? processId : null,
      ended_at: status.startsWith('ENDED') ? new Date().toISOString() : null,
    })),
  )
  for (const [place, id] of ids.entries())
    if (!STATUSES[place]?.startsWith('ENDED'))
      await store.wait(id, { kind: 'LOCK', subject: 'semaphore:a' })
  const befores = await Promise.all(ids.map(load))
  const executions = ids.map((executionId) => ({ workspaceId: store.workspaceId, executionId }))
  const moved = await cancelExecutions(store.db, { executions, message: 'because' })
  assert.equal(moved.length, 8)
  assert.equal(moved.find((one) => one.was === 'AT_ENGINE')?.processId, processId)
  for (const [place, id] of ids.entries()) {
    const before = befores[place]
    assert.ok(before !== undefined)
    const decision = decide(before, { type: 'cancelRequested' })
    assert.deepEqual(await load(id), decision.kind === 'moved' ? decision.next : before)
  }
  assert.deepEqual(await cancelExecutions(store.db, { executions, message: 'again' }), [])
})

const CANCELLED = { status: 'ENDED_CANCELLED', ended_at: new Date(0).toISOString() }

test('children come in pages, without orphans, ended ones included', async () => {
  const parent = await store.execution(CANCELLED)
  const child = { parent_execution_id: parent, status: 'SCHEDULED', ended_at: null, orphan: false }
  const ids = await store.executions([
    child,
    { ...child, status: 'ENDED_SUCCESS', ended_at: new Date().toISOString() },
    { ...child, orphan: true },
    child,
  ])
  const key = { workspaceId: store.workspaceId, executionId: parent }
  const first = await readChildren(store.db, {
    parent: key,
    parentIs: 'cancelled',
    after: null,
    limit: 2,
  })
  const rest = await readChildren(store.db, {
    parent: key,
    parentIs: 'cancelled',
    after: first[1]?.executionId ?? null,
    limit: 2,
  })
  assert.deepEqual(
    [...first, ...rest].map((one) => [one.executionId, one.isLive]),
    [
      [ids[0], true],
      [ids[1], false],
      [ids[3], true],
    ],
  )
})

test('the children of many are read in few questions, however many one of them has', async () => {
  const { workspaceId } = store
  const parents = await store.executions(Array.from({ length: 120 }, () => CANCELLED))
  const born = await store.executions([
    ...parents
      .slice(10, 15)
      .map((id) => ({ parent_execution_id: id, status: 'SCHEDULED', orphan: false })),
    ...Array.from({ length: 25 }, () => ({
      parent_execution_id: parents[70],
      status: 'SCHEDULED',
      orphan: false,
    })),
    { parent_execution_id: parents[70], status: 'SCHEDULED', orphan: true },
  ])
  let questions = 0
  const counted: Queryable = {
    query: (...args) => {
      questions += 1
      return store.db.query(...args)
    },
  }
  const keys = parents.map((executionId) => ({ workspaceId, executionId }))
  const found = []
  for await (const page of readChildrenOfMany(counted, keys, 'cancelled')) found.push(...page)
  assert.deepEqual(
    found.map(({ executionId }) => executionId).toSorted(),
    born.slice(0, -1).toSorted(),
  )
  assert.ok(found.every(({ isLive }) => isLive))
  assert.equal(questions, 3)
  const ofAny = []
  for await (const page of readChildrenOfMany(counted, keys)) ofAny.push(...page)
  assert.deepEqual(ofAny, found)
  for await (const page of readChildrenOfMany(counted, keys, 'overrun'))
    assert.deepEqual(page, [], 'none of these was ended at its maximum runtime')
})

test('control requests are read in the order in which they were made', async () => {
  const id = await store.execution()
  const target = newId()
  for (const [seq, subject] of [
    [4, 'resume'],
    [2, 'pause'],
  ] as const)
    await store.wait(id, { seq, kind: 'CONTROL', subject, ref: target })
  await store.wait(id, { seq: 3, kind: 'TIMER' })
  const key = { workspaceId: store.workspaceId, executionId: id }
  const found = await readControls(store.db, [key, key])
  assert.deepEqual(
    found.map(({ seq, action, targetId }) => [seq, action, targetId]),
    [
      [2, 'pause', target],
      [4, 'resume', target],
    ],
  )
})

async function load(executionId: string): Promise<Execution> {
  const key = { workspaceId: store.workspaceId, executionId }
  const row = await readExecution(store.db, key)
  assert.ok(row !== null)
  return toExecution(row, await readWaits(store.db, key))
}

test('a late cancel finds no children of a parent that was reverted, nor a child that was', async () => {
  const reverted = await store.execution({ generation: 2 })
  const cancelled = await store.execution(CANCELLED)
  const ended = await store.execution({ ...CANCELLED, status: 'ENDED_SUCCESS' })
  const below = (parent: string) => store.execution({ parent_execution_id: parent })
  await below(reverted)
  const child = await below(ended)
  const again = await store.execution({ parent_execution_id: cancelled, generation: 2 })
  await store.seed('revert', [
    {
      workspace_id: store.workspaceId,
      execution_id: again,
      generation: 2,
      from_generation: 1,
      seq: 0,
    },
  ])
  const found = async (id: string, parentIs: 'cancelled' | 'ended' | 'any') => {
    const parent = { workspaceId: store.workspaceId, executionId: id }
    const children = await readChildren(store.db, { parent, parentIs, after: null, limit: 9 })
    return children.map(({ executionId, isLive }) => [executionId, isLive])
  }
  assert.deepEqual(await found(reverted, 'ended'), [])
  assert.deepEqual(await found(ended, 'cancelled'), [])
  assert.deepEqual(await found(ended, 'ended'), [[child, true]])
  assert.deepEqual(await found(cancelled, 'cancelled'), [[again, false]])
})
