import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { openSql } from '@millrace/testkit'
import { claimExecutions, markWatched } from './claim-executions.ts'
import { commitActivations } from './commit-activations.ts'
import { newCommit, startTestStore, type TestStore } from '../test/test-store.ts'

let store: TestStore
before(async () => {
  store = await startTestStore()
})
after(() => store.close())

// By the id alone the second would be locked first.
const first = { workspaceId: '00000000-0000-7000-8000-000000000001', executionId: newId() }
const second = {
  workspaceId: 'ffffffff-0000-7000-8000-000000000001',
  executionId: '00000000-0000-7000-8000-000000000002',
}
const keys = [second, first].map((key) => ({ ...key, version: 1, startedAt: 1 }))
const processId = newId()

for (const [name, work] of [
  ['a claim', () => claimExecutions(store.db, { items: keys, processId })],
  ['a mark', () => markWatched(store.db, keys)],
  [
    'a commit',
    () =>
      commitActivations(
        store.db,
        keys.map((key) => newCommit({ ...key, processId })),
      ),
  ],
] as const)
  test(`${name} of several workspaces locks rows in the order of the primary key`, async () => {
    await store.sql('TRUNCATE execution')
    await store.executions(
      [first, second].map(({ workspaceId, executionId: id }) => ({
        workspace_id: workspaceId,
        id,
        top_execution_id: id,
      })),
    )
    await using holder = await openSql(store.url)
    await holder.run('BEGIN')
    await holder.run('SELECT FROM execution WHERE id = $1 FOR UPDATE', [first.executionId])
    const [{ pid = 0 } = {}] = await holder.run<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const done = work()
    for (let waiting = 0; waiting === 0;)
      waiting = (
        await store.sql('SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))', [pid])
      ).length
    const free = await store.sql('SELECT id FROM execution WHERE id = $1 FOR UPDATE SKIP LOCKED', [
      second.executionId,
    ])
    await holder.run('COMMIT')
    await done
    assert.deepEqual(free, [{ id: second.executionId }])
  })
