import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { decide, type Execution } from '@millrace/execution'
import { newId } from '@millrace/runtime'
import { runSql } from '@millrace/testkit'
import { registerProcess } from './leases.ts'
import { readExecution, readWaits, toExecution } from './read-execution.ts'
import { keepShards, type ShardFence } from './shard-leases.ts'
import {
  deleteStaleWaits,
  expiredProcesses,
  heldByProcess,
  recoverLost,
  removeExpired,
  sweepExecutions,
  sweepWaits,
} from './sweep.ts'
import { startTestStore, type TestStore } from '../test/test-store.ts'

let store: TestStore
let fence: ShardFence
const live = newId()
const past = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString()
const old = { moved_at: past(60), created_at: past(60) }
const cancelled = { ...old, status: 'ENDED_CANCELLED', ended_at: past(50) }

before(async () => {
  store = await startTestStore()
  const processId = newId()
  await registerProcess(store.db, { processId, service: 'scheduler', address: null })
  await registerProcess(store.db, {
    processId: live,
    service: 'engine',
    address: null,
    ttlMs: 600_000,
  })
  fence = {
    processId,
    held: await keepShards(store.db, { service: 'scheduler', processId, ttlMs: 600_000 }),
  }
})
after(() => store.close())
beforeEach(() => runSql(store.url, 'TRUNCATE execution, wait, wait_member, lock_request'))

const sweep = async (limit = 100) => {
  const page = await sweepExecutions(store.db, { ...fence, after: null, limit, readyForMs: 3_000 })
  return page.finds.map((find) => [find.find, find.executionId]).toSorted()
}

test('what has been ready for a while is found, what was just moved is not', async () => {
  const waiting = await store.execution(old)
  await store.execution({ moved_at: past(1) })
  assert.deepEqual(await sweep(), [['ready', waiting]])
})

test('what a process without a lease holds is lost', async () => {
  await store.execution({ ...old, status: 'AT_ENGINE', process_id: live })
  const lost = await store.execution({ ...old, status: 'AT_ENGINE', process_id: newId() })
  assert.deepEqual(await sweep(), [['lost', lost]])
})

test('live descendants of a cancelled execution are found, also under one that ended well', async () => {
  const top = await store.execution(cancelled)
  const child = { ...old, parent_execution_id: top, top_execution_id: top }
  const lively = await store.execution({ ...child, status: 'SCHEDULED' })
  await store.execution({ ...child, status: 'SCHEDULED', orphan: true })
  const reverted = { ...child, status: 'SCHEDULED', generation: 2 }
  await store.execution(reverted)
  const done = await store.execution({ ...child, status: 'ENDED_SUCCESS', ended_at: past(55) })
  const orphan = await store.execution({
    ...child,
    status: 'ENDED_SUCCESS',
    ended_at: past(55),
    orphan: true,
  })
  const grandchild = await store.execution({
    ...old,
    status: 'SCHEDULED',
    parent_execution_id: done,
    top_execution_id: top,
  })
  await store.execution({
    ...old,
    status: 'SCHEDULED',
    parent_execution_id: orphan,
    top_execution_id: top,
  })
  assert.deepEqual(
    await sweep(),
    [
      ['abandoned', lively],
      ['abandoned', grandchild],
    ].toSorted(),
  )
})

test('a walk goes through pages and sees each row once', async () => {
  await store.executions(Array.from({ length: 25 }, () => old))
  const seen = new Set<string>()
  let after = null
  let pages = 0
  do {
    const page = await sweepExecutions(store.db, { ...fence, after, limit: 10, readyForMs: 3_000 })
    for (const find of page.finds) seen.add(find.executionId)
    after = page.next
    pages += 1
  } while (after !== null)
  assert.equal(seen.size, 25)
  assert.equal(pages, 3)
})

test('a copy finds nothing in shards that it has lost', async () => {
  await store.execution(old)
  const page = await sweepExecutions(store.db, {
    ...fence,
    held: [],
    after: null,
    limit: 100,
    readyForMs: 0,
  })
  assert.deepEqual([page.finds.length, page.rows], [0, 1])
})

test('each kind of wait that a lost nudge left is found, and no other', async () => {
  const since = past(10)
  const parked = { ...old, status: 'WAITING_DEPENDENCY' }
  const running = await store.execution({ ...old, status: 'SCHEDULED' })
  const over = await store.execution({ ...old, status: 'ENDED_ERROR', ended_at: past(1) })
  const expected: [string, string][] = []
  const add = async (
    find: string | null,
    row: Record<string, unknown>,
    execution: Record<string, unknown> = parked,
  ) => {
    const id = await store.execution(execution)
    await store.wait(id, { since, ...row })
    if (find !== null) expected.push([find, id])
    return id
  }
  await add('dependency', { kind: 'DEPENDENCY', ref: over })
  await add('dependency', { kind: 'DEPENDENCY', ref: newId() })
  await add(null, { kind: 'DEPENDENCY', ref: running })
  const several = await add('dependency', { kind: 'DEPENDENCY' })
  const member = { workspace_id: store.workspaceId, execution_id: several, seq: 1 }
  await store.seed('wait_member', [
    { ...member, member_id: running, ordinal: 0 },
    { ...member, member_id: over, ordinal: 1 },
  ])
  const open = await add(null, { kind: 'DEPENDENCY' })
  await store.seed('wait_member', [
    { ...member, execution_id: open, member_id: running, ordinal: 0 },
  ])
  await add('response', { kind: 'RESPONSE', ref: newId() })
  await add('control', { kind: 'CONTROL', ref: running, subject: 'cancel' })
  await add(null, { kind: 'CONTROL', ref: running, subject: 'cancel', since: past(0) })
  await add('record', { kind: 'RECORD', subject: 'list flows\n{}' })
  await add(null, { kind: 'RECORD', subject: 'list flows\n{}', since: past(0) })
  await add('lock', { kind: 'LOCK', subject: 'semaphore:a' })
  const queued = await add(null, { kind: 'LOCK', subject: 'semaphore:a' })
  await store.seed('lock_request', [
    {
      workspace_id: store.workspaceId,
      key: 'semaphore:a',
      execution_id: queued,
      generation: 1,
      seq: 1,
      action: 'acquire',
      ticket: 1,
    },
  ])
  await add('stale', { kind: 'TIMER' }, { ...old, status: 'ENDED_SUCCESS', ended_at: past(1) })
  const reverted = await add('stale', { kind: 'TIMER' }, { ...parked, generation: 2 })
  await add(null, { kind: 'TIMER' })
  const page = await sweepWaits(store.db, { ...fence, after: null, limit: 100, openForMs: 2_000 })
  assert.deepEqual(
    page.finds.map((find) => [find.find, find.executionId]).toSorted(),
    expected.toSorted(),
  )

  const deleted = await deleteStaleWaits(store.db, page.finds)
  assert.equal(deleted.length, 2, 'only the stale ones')
  assert.ok(deleted.some((key) => key.executionId === reverted))
})

test('lost executions go back to the queue like decide() says, up to the limit', async () => {
  const gone = newId()
  const states = [0, 1, 2, 3, 9].map((recoveries) => ({
    ...old,
    status: 'AT_ENGINE',
    process_id: gone,
    version: 5 + recoveries,
    epoch: 2,
    recoveries,
    generation: 3,
    answered: 4,
  }))
  const ids = await store.executions(states)
  const befores = await Promise.all(ids.map(load))
  const held = await heldByProcess(store.db, { processId: gone, after: null, limit: 10 })
  assert.equal(held.length, ids.length)
  const maxRecoveries = 3
  const moved = await recoverLost(store.db, { executions: held, maxRecoveries })
  assert.equal(moved.length, ids.length)
  for (const [place, id] of ids.entries()) {
    const before = befores[place]
    assert.ok(before !== undefined)
    assert.deepEqual(await load(id), expectedAfterLoss(before, maxRecoveries))
  }
  const stuck = await readExecution(store.db, {
    workspaceId: store.workspaceId,
    executionId: ids[4] ?? '',
  })
  assert.match(stuck?.message ?? '', /stopped answering 4 times/)
  assert.deepEqual(
    await recoverLost(store.db, { executions: held, maxRecoveries }),
    [],
    'twice is once',
  )
})

test('what moved on, or lives after all, is not taken away', async () => {
  const [other, saved] = await store.executions([
    { ...old, status: 'AT_ENGINE', process_id: newId(), epoch: 8 },
    { ...old, status: 'AT_ENGINE', process_id: live, epoch: 1 },
  ])
  const executions = [
    { workspaceId: store.workspaceId, executionId: other ?? '', epoch: 7 },
    { workspaceId: store.workspaceId, executionId: saved ?? '', epoch: 1 },
  ]
  assert.deepEqual(await recoverLost(store.db, { executions, maxRecoveries: 3 }), [])
})

test('an expired process is found, and removed only while it is expired', async () => {
  const processId = newId()
  await registerProcess(store.db, { processId, service: 'engine', address: null, ttlMs: -1 })
  assert.deepEqual(await expiredProcesses(store.db), [{ processId, service: 'engine' }])
  assert.equal(await removeExpired(store.db, live), false)
  assert.equal(await removeExpired(store.db, processId), true)
  assert.equal(await removeExpired(store.db, processId), false)
})

async function load(executionId: string): Promise<Execution> {
  const key = { workspaceId: store.workspaceId, executionId }
  const row = await readExecution(store.db, key)
  assert.ok(row !== null)
  return toExecution(row, await readWaits(store.db, key))
}

function expectedAfterLoss(before: Execution, maxRecoveries: number): Execution {
  const lost = decide(before, { type: 'leaseExpired', epoch: before.epoch })
  assert.ok(lost.kind === 'moved')
  if (lost.next.recoveries >= maxRecoveries) return lost.next
  const recovered = decide(lost.next, { type: 'recovered' })
  assert.ok(recovered.kind === 'moved')
  return recovered.next
}
