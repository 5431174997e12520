import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inspectLock } from './inspect-locks.ts'
import { startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const key = 'semaphore:deploy'
after(() => store.close())

test('only who still waits is shown to wait, in the order of the turns', async () => {
  const [holder, late, early, timedOut, ended] = [
    await store.execution(),
    await store.execution(),
    await store.execution(),
    await store.execution(),
    await store.execution({ status: 'ENDED_SUCCESS', ended_at: new Date() }),
  ]
  for (const executionId of [holder, late, early, ended])
    await store.wait(executionId, { seq: 3, kind: 'LOCK', subject: key })
  const place = { workspace_id: workspaceId, key, generation: 1 }
  await store.seed('lock_holder', [{ ...place, execution_id: holder, token: 1 }])
  await store.seed(
    'lock_request',
    [holder, timedOut, early, ended, late].map((execution_id, index) => {
      return { ...place, execution_id, seq: 3, action: 'acquire', ticket: index + 1 }
    }),
  )
  const { holders, waiters } = await inspectLock(db, { workspaceId, key })
  assert.deepEqual(
    holders.map(({ executionId }) => executionId),
    [holder],
  )
  assert.deepEqual(
    waiters.map(({ executionId, position }) => [executionId, position]),
    [
      [early, 1],
      [late, 2],
    ],
  )
  assert.equal((await inspectLock(db, { workspaceId, key }, 1)).waiters.length, 1)
})
