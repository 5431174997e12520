import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decide } from '@millrace/execution'
import { newId } from '@millrace/runtime'
import { answerWaits } from './answers.ts'
import { applyIfVersion } from './apply-if-version.ts'
import { commitActivations, type NewWait } from './commit-activations.ts'
import { readExecution, readWaits, toExecution } from './read-execution.ts'
import { newCommit, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const processId = newId()

after(() => store.close())

const timer: NewWait = {
  seq: 1,
  kind: 'TIMER',
  returnWhen: null,
  needed: null,
  ref: null,
  subject: null,
  dueIn: 60,
  dueAt: null,
  members: [],
}

async function revert(executionId: string): Promise<void> {
  const key = { workspaceId, executionId }
  const row = await readExecution(db, key)
  assert.ok(row)
  const before = toExecution(row, await readWaits(db, key))
  const decision = decide(before, { type: 'reverted', generation: before.generation })
  assert.equal(decision.kind, 'moved')
  assert.equal(await applyIfVersion(db, key, { before, after: decision.next }), true)
}

test('a revert takes the waits of the life before with it, and the next life may open its own', async () => {
  const executionId = await store.execution({ status: 'PAUSED', beneath: 'SCHEDULED', version: 2 })
  await store.wait(executionId)
  await store.wait(executionId, { seq: 2, kind: 'DEPENDENCY' })
  await store.seed('wait_member', [
    {
      workspace_id: workspaceId,
      member_id: newId(),
      execution_id: executionId,
      seq: 2,
      ordinal: 0,
    },
  ])
  await revert(executionId)
  assert.deepEqual(await readWaits(db, { workspaceId, executionId }), [])
  assert.deepEqual(
    await store.sql('SELECT 1 FROM wait_member WHERE execution_id = $1', [executionId]),
    [],
  )
  const [parked] = await commitActivations(db, [
    newCommit({
      workspaceId,
      executionId,
      processId,
      version: 3,
      generation: 2,
      status: 'SCHEDULED',
      ended: false,
      waits: [timer],
    }),
  ])
  assert.equal(parked?.applied && parked.status, 'SCHEDULED')
})

test('an answer to a wait of a former life reaches nobody', async () => {
  // A cancel that came between leaves such a wait behind, until the sweep finds it.
  const executionId = await store.execution({ generation: 2, version: 7 })
  await store.wait(executionId)
  const answer = { workspaceId, executionId, generation: 1, seq: 1 }
  assert.deepEqual(await answerWaits(db, [{ ...answer, outcome: { kind: 'timeout' } }]), [])
  assert.equal((await readExecution(db, { workspaceId, executionId }))?.answered, 0)
  assert.deepEqual(
    await store.sql('SELECT 1 FROM answer WHERE execution_id = $1', [executionId]),
    [],
  )
  assert.deepEqual(await readWaits(db, { workspaceId, executionId }), [])
})
