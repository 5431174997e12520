import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { createExecutions } from './create-executions.ts'
import { examineExecutions } from './examine.ts'
import { newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore('api')
const { db, workspaceId } = store
after(() => store.close())

const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000)

test('what lives below a cancel is abandoned, unless somebody has gone back to it since', async () => {
  const top = await store.execution({ status: 'ENDED_CANCELLED', ended_at: ago(300) })
  const below = (parent: string, row: object = {}) =>
    store.execution({
      status: 'SCHEDULED',
      parent_execution_id: parent,
      top_execution_id: top,
      ...row,
    })
  const left = await below(top)
  const ended = { status: 'ENDED_SUCCESS', ended_at: ago(200) }
  const leftDeeper = await below(await below(top, ended))
  await below(top, { orphan: true })
  const reverted = await below(top, { ...ended, generation: 2 })
  const key = { workspace_id: workspaceId, execution_id: reverted }
  await store.seed('revert', [
    { ...key, generation: 2, from_generation: 1, seq: 0, created_at: ago(250) },
  ])
  // By the wish of who went back to its parent after the cancel.
  await below(reverted)
  const again = await below(top, {
    status: 'ENDED_CANCELLED',
    ended_at: ago(100),
    generation: 2,
  })
  await store.seed('revert', [
    {
      ...key,
      execution_id: again,
      generation: 2,
      from_generation: 1,
      seq: 0,
      created_at: ago(250),
    },
  ])
  const cancelledAgain = await below(again)

  const found: string[] = []
  for await (const page of examineExecutions(db, { workspaceId, graceMs: 1_000 }))
    for (const one of page) if (one.isAbandoned) found.push(one.executionId)
  assert.deepEqual(found.toSorted(), [left, leftDeeper, cancelledAgain].toSorted())
  const elsewhere = examineExecutions(db, { workspaceId: newId(), graceMs: 1_000 })
  assert.deepEqual(await Array.fromAsync(elsewhere), [[]])
})

test('an execution with properties that no text can hold is examined like any other', async () => {
  const [odd, id] = [newId(), newId()]
  const extra = JSON.stringify({ metadata: ['\0', '\uD83D'] })
  await createExecutions(db, [newExecution({ workspaceId: odd, id, extra })])
  const pages = await Array.fromAsync(examineExecutions(db, { workspaceId: odd, graceMs: 60_000 }))
  assert.deepEqual(
    pages.flat().map(({ executionId }) => executionId),
    [id],
  )
})
