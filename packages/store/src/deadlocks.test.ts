import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { dependencySeeds, loadBlocked, lockSeeds, type LockWaitCursor } from './deadlocks.ts'
import type { ExecutionKey } from './read-execution.ts'
import { startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const KEY = 'semaphore:s'
const LONG_AGO = '2020-01-01T00:00:00Z'

after(() => store.close())
beforeEach(() => store.sql('TRUNCATE execution, wait, lock_holder'))

const lockWaits = (ids: readonly string[], row: Record<string, unknown>) =>
  Promise.all(
    ids.map((id) => store.wait(id, { kind: 'LOCK', subject: KEY, since: LONG_AGO, ...row })),
  )
const many = (count: number, status: string) =>
  store.executions(Array.from({ length: count }, () => ({ status })))
const idsOf = (keys: readonly ExecutionKey[]) => keys.map(({ executionId }) => executionId)

test('of those that wait for a lock each is in one page, but for runs that have not started', async () => {
  const ids = await many(7, 'WAITING_LOCK')
  await lockWaits(ids.slice(0, 3), {})
  await lockWaits(ids.slice(3, 5), { since: '2020-01-01T00:00:00.000001Z' })
  await lockWaits(ids.slice(5, 6), { seq: 0 })
  await lockWaits(ids.slice(6), { since: '2999-01-01T00:00:00Z' })
  const pages: string[][] = []
  let next: LockWaitCursor | null = null
  do {
    const page = await lockSeeds(db, { olderThanMs: 1_000, after: next, limit: 2 })
    pages.push(idsOf(page.seeds))
    next = page.next
  } while (next !== null)
  assert.deepEqual(pages, [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4, 5)])
})

test('of those that wait for others each is in one page, and what is new brings runs that come to a gate', async () => {
  const ids = await many(4, 'WAITING_DEPENDENCY')
  for (const id of ids) await store.wait(id, { kind: 'DEPENDENCY', ref: id, since: LONG_AGO })
  const [gated = ''] = await many(1, 'WAITING_LOCK')
  await store.wait(gated, { seq: 0, kind: 'LOCK', subject: KEY })
  const read = (newerThanMs: number | null, after: ExecutionKey | null) =>
    dependencySeeds(db, { olderThanMs: 0, newerThanMs, after, limit: 3 })
  const first = await read(null, null)
  const second = await read(null, first.next)
  assert.deepEqual([idsOf(first.seeds), idsOf(second.seeds)], [ids.slice(0, 3), ids.slice(3)])
  assert.equal(second.next, null)
  assert.deepEqual(idsOf((await read(3_600_000, null)).seeds), [gated])
})

test('however many wait for a lock, its holders are told once, and those for a time not at all', async () => {
  const holders = await many(20, 'WAITING_RESPONSE')
  const waiters = await many(30, 'WAITING_LOCK')
  await lockWaits(waiters, {})
  const held = { workspace_id: workspaceId, key: KEY }
  await store.seed(
    'lock_holder',
    holders.map((execution_id, token) => ({ ...held, execution_id, token })),
  )
  const expires_at = '2999-01-01T00:00:00Z'
  await store.seed('lock_holder', [
    { ...held, execution_id: waiters[0] ?? '', token: 99, expires_at },
  ])
  const seeds = waiters.map((executionId) => ({ workspaceId, executionId }))
  const { executions, locks } = await loadBlocked(db, seeds)
  assert.deepEqual(idsOf(executions), waiters)
  const [lock] = locks
  assert.deepEqual([locks.length, lock?.holders.toSorted()], [1, holders])
  for (const { waits } of executions)
    assert.deepEqual(
      waits.map(({ on, canFail }) => [on, canFail]),
      [[[lock?.id], true]],
    )
})
