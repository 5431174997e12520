import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import type { ActivationCommit } from './commit-activations.ts'
import { createEnded, type EndedAtBirth } from './create-ended.ts'
import { createExecutions } from './create-executions.ts'
import { loadForActivation } from './load-executions.ts'
import { readExecution } from './read-execution.ts'
import { newCommit, newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const processId = newId()

after(() => store.close())

function ended(id = newId(), over: Partial<ActivationCommit> = {}): EndedAtBirth {
  const execution = { ...newExecution({ workspaceId, id }), type: 'FLOW' as const }
  const commit = newCommit({ workspaceId, executionId: id, processId, output: '"done"', ...over })
  return { execution, commit, elapsedMs: 12 }
}

const history = { firstSeq: 1, lastSeq: 2, entries: '[{"seq":1},{"seq":2}]' }

async function savepointsOf(id: string): Promise<number> {
  const rows = await store.sql<{ entries: unknown }>(
    'SELECT entries FROM savepoint WHERE execution_id = $1',
    [id],
  )
  return rows.length
}

test('what is born and ended in one commit looks like what took two', async () => {
  const item = ended(newId(), { history, log: { firstSeq: 1, lines: '[]' }, line: 4, name: 'n' })
  const [born] = await createEnded(db, [item])
  const row = await readExecution(db, { workspaceId, executionId: item.execution.id })
  assert.ok(born && row)
  const { status, version, epoch, generation, output, lineno, name, process_id: by } = row
  assert.deepEqual(
    { status, version, epoch, generation, output, lineno, name, by },
    {
      status: 'ENDED_SUCCESS',
      version: 2,
      epoch: 0,
      generation: 1,
      output: '"done"',
      lineno: 4,
      name: 'n',
      by: processId,
    },
  )
  // The engine's clock is years behind Postgres's here, and moves it by no more than a second.
  assert.equal(born.endedAt - born.createdAt, 1_012)
  assert.equal(await savepointsOf(item.execution.id), 1)
})

test('what has taken a name of its own is run again under the one that it was given', async () => {
  const items = ['given', null].map((name) => {
    const item = ended(newId(), { history, name: 'own' })
    return { ...item, execution: { ...item.execution, name } }
  })
  await createEnded(db, items)
  const keys = items.map(({ execution: { id } }) => ({ workspaceId, executionId: id }))
  const rows = await loadForActivation(db, keys)
  const nameOf = new Map(rows.map((row) => [row.executionId, row.name]))
  assert.deepEqual(
    keys.map(({ executionId }) => nameOf.get(executionId)),
    ['given', null],
  )
  const stored = await Promise.all(keys.map((key) => readExecution(db, key)))
  assert.deepEqual(
    stored.map((row) => row?.name),
    ['own', 'own'],
  )
})

test('one alone is stored as it is among others', async () => {
  const over = {
    line: 4,
    lastCommand: 'self.step a\0',
    name: 'n\0',
    message: 'well',
    status: 'ENDED_ERROR',
  } as const
  const [alone, among] = [ended(newId(), over), ended(newId(), over)]
  await createEnded(db, [alone])
  await createEnded(db, [among, ended()])
  const stored = ({ execution: { id } }: EndedAtBirth) =>
    store.sql(
      `SELECT to_jsonb(e) - 'id' - 'top_execution_id' - 'created_at' - 'started_at' - 'moved_at' - 'ended_at' AS row,
         top_execution_id = id AS is_top, ended_at - created_at AS age FROM execution e WHERE id = $1`,
      [id],
    )
  assert.deepEqual(await stored(alone), await stored(among))
})

test('what is born and ended in one commit was not created after it began', async () => {
  const [started] = await store.sql<{ ms: number }>(
    'SELECT floor(extract(epoch FROM clock()) * 1000)::float8 AS ms',
  )
  const startedAt = (started?.ms ?? 0) - 40
  const [born] = await createEnded(db, [ended(newId(), { startedAt })])
  assert.equal(born?.createdAt, startedAt)
  assert.equal(born.startedAt, startedAt)
})

test('an id that exists is passed over with all it would have left, its neighbours are stored', async () => {
  const first = ended(newId(), { history })
  await createExecutions(db, [{ ...newExecution({ workspaceId, id: first.execution.id }) }])
  const second = ended(newId(), { history })
  const [one, two] = await createEnded(db, [first, second])
  assert.equal(one, null)
  assert.ok(two)
  const row = await readExecution(db, { workspaceId, executionId: first.execution.id })
  assert.equal(row?.status, 'WAITING_ENGINE')
  assert.equal(await savepointsOf(first.execution.id), 0)
  assert.equal(await savepointsOf(second.execution.id), 1)
})

test('a second delivery of the same ones changes nothing', async () => {
  const item = ended(newId(), { history })
  await createEnded(db, [item])
  const again = { ...item, commit: { ...item.commit, output: '"other"' } }
  assert.deepEqual(await createEnded(db, [again]), [null])
  const row = await readExecution(db, { workspaceId, executionId: item.execution.id })
  assert.equal(row?.output, '"done"')
})

test('an output above 32 KiB lives in the payload table', async () => {
  const item = ended(newId(), { output: JSON.stringify('x'.repeat(40_000)) })
  const [born] = await createEnded(db, [item])
  assert.equal(born?.outputHash?.length, 64)
  const row = await readExecution(db, { workspaceId, executionId: item.execution.id })
  assert.equal(row?.output, null)
})
