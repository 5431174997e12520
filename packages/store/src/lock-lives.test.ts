import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { commitActivations } from './commit-activations.ts'
import { loadLocks, saveLocks } from './locks.ts'
import { newCommit, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const KEY = 'semaphore:deploy'

after(() => store.close())
beforeEach(() => store.sql('TRUNCATE execution, wait, lock, lock_request, lock_holder'))

const request = (executionId: string, generation: number) => ({
  workspace_id: workspaceId,
  key: KEY,
  execution_id: executionId,
  generation,
  seq: 3,
  action: 'acquire',
})

const load = () => db.transaction((tx) => loadLocks(tx, [{ workspaceId, key: KEY }], null))

test('a request of the next life takes the place of the one before at the same call', async () => {
  const executionId = await store.execution({ generation: 2, version: 5 })
  await store.seed('lock_request', [{ ...request(executionId, 1), ticket: 7 }])
  const commit = newCommit({
    workspaceId,
    executionId,
    processId: newId(),
    version: 5,
    generation: 2,
    status: 'WAITING_LOCK',
    ended: false,
    waits: [
      {
        seq: 3,
        kind: 'LOCK',
        returnWhen: null,
        needed: null,
        ref: null,
        subject: KEY,
        dueIn: null,
        dueAt: null,
        members: [],
      },
    ],
    lockRequests: [{ seq: 3, key: KEY, action: 'acquire', capacity: 1 }],
  })
  const [result] = await commitActivations(db, [commit])
  assert.equal(result?.applied, true)
  const rows = await store.sql('SELECT generation, ticket FROM lock_request')
  assert.deepEqual(rows, [{ generation: 2, ticket: null }])
})

test('putting a request away leaves alone what the next life has put in its place', async () => {
  const executionId = await store.execution({ generation: 2 })
  await store.seed('lock_request', [{ ...request(executionId, 1), ticket: 7 }])
  const [loaded] = await load()
  assert.ok(loaded)
  assert.deepEqual(
    loaded.goneWaiters.map(({ generation, seq }) => [generation, seq]),
    [[1, 3]],
  )
  await store.sql('UPDATE lock_request SET generation = 2, ticket = NULL')
  const { lock, goneWaiters } = loaded
  const change = { loaded, next: lock, joined: [], generationOf: new Map(), done: goneWaiters }
  await db.transaction((tx) => saveLocks(tx, [change]))
  assert.equal((await store.sql('SELECT FROM lock_request')).length, 1)
})

test('a holder whose next life asks holds nothing any more, whatever was read before', async () => {
  // Its revert came between the reading of holders and that of requests.
  const executionId = await store.execution()
  await store.wait(executionId, { seq: 3, kind: 'LOCK', subject: KEY, generation: 2 })
  await store.seed('lock_holder', [
    { workspace_id: workspaceId, key: KEY, execution_id: executionId, token: 1, generation: 1 },
  ])
  await store.seed('lock_request', [request(executionId, 2)])
  const [loaded] = await load()
  assert.deepEqual(loaded?.endedHolders, [executionId])
})
