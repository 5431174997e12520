import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { runSql } from '@millrace/testkit'
import { registerProcess } from './leases.ts'
import { keepShards, type ShardFence } from './shard-leases.ts'
import { startTestStore, type TestStore } from '../test/test-store.ts'
import { nextDueMs, takeDue } from './timers.ts'

let store: TestStore
let fence: ShardFence
const ALL = Array.from({ length: 16 }, (_, shard) => shard)

before(async () => {
  store = await startTestStore()
  const processId = newId()
  await registerProcess(store.db, { processId, service: 'scheduler', address: null })
  fence = {
    processId,
    held: await keepShards(store.db, { service: 'scheduler', processId, ttlMs: 600_000 }),
  }
})
after(() => store.close())
beforeEach(async () => {
  await runSql(store.url, 'DELETE FROM wait')
})

const due = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString()

test('what is due comes oldest first, what is not stays', async () => {
  for (const [seq, seconds] of [
    [1, -1],
    [2, 60],
    [3, -5],
  ] as const)
    await store.wait(newId(), { seq, due_at: due(seconds) })
  const found = await takeDue(store.db, { ...fence, limit: 10, isBacklog: false })
  assert.deepEqual(
    found.map((wait) => wait.seq),
    [3, 1],
  )
  assert.ok(found.every((wait) => wait.lateMs >= 1_000))
})

test('a copy takes only from shards whose term it has', async () => {
  const execution = newId()
  await store.wait(execution, { due_at: due(-1) })
  const take = (held: ShardFence['held']) =>
    takeDue(store.db, { ...fence, held, limit: 10, isBacklog: false })
  assert.equal((await take(fence.held)).length, 1)
  assert.deepEqual(await take(fence.held.map(({ shard, term }) => ({ shard, term: term - 1 }))), [])
  assert.deepEqual(
    await takeDue(store.db, { ...fence, processId: newId(), limit: 10, isBacklog: false }),
    [],
  )
  const others = fence.held.filter(
    ({ shard }) => shard !== Number.parseInt(execution.slice(-1), 16),
  )
  assert.deepEqual(await take(others), [])
})

test('in a backlog the workspaces take turns', async () => {
  const loud = Array.from({ length: 30 }, () => newId())
  await store.seed(
    'wait',
    loud.map((execution_id) => ({
      workspace_id: store.workspaceId,
      execution_id,
      generation: 1,
      seq: 1,
      kind: 'TIMER',
      due_at: due(-100),
    })),
  )
  const quiet = newId()
  await store.wait(newId(), { workspace_id: quiet, due_at: due(-1) })
  const first = await takeDue(store.db, { ...fence, limit: 20, isBacklog: false })
  assert.ok(first.every((wait) => wait.workspaceId === store.workspaceId))
  const turn = await takeDue(store.db, { ...fence, limit: 20, isBacklog: true })
  assert.equal(turn.filter((wait) => wait.workspaceId === quiet).length, 1)
})

test('the next due time is of these shards alone, and null without any', async () => {
  assert.equal(await nextDueMs(store.db, ALL), null)
  const execution = newId()
  await store.wait(execution, { due_at: due(60) })
  const inMs = await nextDueMs(store.db, ALL)
  assert.ok(inMs !== null && inMs > 55_000 && inMs <= 60_100, String(inMs))
  const shard = Number.parseInt(execution.slice(-1), 16)
  assert.equal(
    await nextDueMs(
      store.db,
      ALL.filter((other) => other !== shard),
    ),
    null,
  )
})
