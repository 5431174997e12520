import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { startTestStore } from '@millrace/store/testing'
import { createLargePasts } from './large-pasts.ts'
import { createReader } from './read-executions.ts'

const store = await startTestStore()
const { db, workspaceId } = store
after(() => store.close())

async function withHistory(count: number, chars: number): Promise<string[]> {
  const ids = await store.executions(Array.from({ length: count }, () => ({})))
  const entry = { seq: 1, kind: 'step', label: 'x'.repeat(chars), line: 1, digest: 'd' }
  const row = { workspace_id: workspaceId, generation: 1, first_seq: 1, last_seq: 1 }
  await store.seed(
    'savepoint',
    ids.map((execution_id) => ({ ...row, execution_id, entries: [entry] })),
  )
  return ids
}

test('only so many large pasts are in memory at once, and small ones pass them by', async () => {
  const large = await withHistory(10, 1_000_000)
  const small = await withHistory(10, 1_000)
  const pasts = createLargePasts()
  const read = createReader(db, pasts)
  const came: string[] = []
  const reading = large.map(async (executionId) => {
    const row = await read({ workspaceId, executionId })
    assert.equal(row?.history.length, 1)
    came.push(executionId)
    return executionId
  })
  await Promise.all(small.map((executionId) => read({ workspaceId, executionId })))
  const first = await Promise.any(reading)
  // Each asks after those that were let in before it.
  await Promise.all(small.map((executionId) => read({ workspaceId, executionId })))
  await Promise.all(reading.slice(0, 8))
  assert.equal(came.length, 8)
  pasts.leave(first)
  pasts.leave(first)
  await Promise.race(reading.slice(8))
  assert.equal(came.length, 9)
  pasts.leave(newId())
  pasts.leave(came[1] ?? '')
  await Promise.all(reading)
  await pasts.enter(came[2] ?? '', 1e6)
})
