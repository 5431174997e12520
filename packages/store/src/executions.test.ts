import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { answerWaits } from './answers.ts'
import { claimExecutions } from './claim-executions.ts'
import { type ActivationCommit, commitActivations } from './commit-activations.ts'
import { createExecutions } from './create-executions.ts'
import { loadForActivation } from './load-executions.ts'
import type { NewExecution } from './new-execution.ts'
import { readExecution, readWaits } from './read-execution.ts'
import { newCommit, newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const processId = newId()

after(() => store.close())

const execution = (over: Partial<NewExecution> = {}): NewExecution =>
  newExecution({ workspaceId, id: newId(), ...over })

const commit = (executionId: string, over: Partial<ActivationCommit> = {}): ActivationCommit =>
  newCommit({ workspaceId, executionId, processId, line: 3, lastCommand: 'flow', ...over })

const row = async (executionId: string) => {
  const found = await readExecution(db, { workspaceId, executionId })
  assert.ok(found)
  return found
}

async function born(over: Partial<NewExecution> = {}): Promise<string> {
  const item = execution(over)
  await createExecutions(db, [item])
  return item.id
}

const dependency = (seq: number, ref: string) => ({
  seq,
  kind: 'DEPENDENCY' as const,
  returnWhen: 'ALL_SUCCEEDED',
  needed: null,
  ref,
  subject: null,
  dueIn: null,
  dueAt: null,
  members: [],
})

test('creating the same id twice starts it once', async () => {
  const item = execution({ input: '{"a":"\\u0000\\ud800"}' })
  assert.equal((await createExecutions(db, [item])).size, 1)
  assert.equal((await createExecutions(db, [item, execution()])).size, 1)
  assert.equal((await row(item.id)).input, '{"a":"\\u0000\\ud800"}')
})

test('who is told the birth of an execution reads the same as its last move', async () => {
  const items = Array.from({ length: 300 }, () => execution())
  await createExecutions(db, items)
  const others = `SELECT id FROM execution WHERE id = ANY($1) AND moved_at <> created_at`
  assert.deepEqual(await store.sql(others, [items.map(({ id }) => id)]), [])
})

test('an input above 32 KiB lives in the payload table and is found again', async () => {
  const id = await born({ input: JSON.stringify('x'.repeat(40_000)) })
  const [loaded] = await loadForActivation(db, [{ workspaceId, executionId: id }])
  assert.equal(loaded?.input, null)
  assert.equal(loaded?.inputHash?.length, 64)
})

test('one of two commits on the same version counts and the other leaves nothing', async () => {
  const id = await born()
  const child = execution({ parentId: id, topId: id })
  const [first] = await commitActivations(db, [commit(id, { output: '"a"', message: 'bad\0text' })])
  const [second] = await commitActivations(db, [
    commit(id, {
      output: '"b"',
      children: [child],
      waits: [dependency(1, child.id)],
      history: { firstSeq: 1, lastSeq: 1, entries: '[]' },
    }),
  ])
  assert.equal(first?.applied, true)
  assert.deepEqual(second, { applied: false })
  const ended = await row(id)
  assert.equal(ended.output, '"a"')
  assert.equal(ended.message, 'bad\uFFFDtext')
  assert.equal(ended.version, 2)
  assert.equal(await readExecution(db, { workspaceId, executionId: child.id }), null)
})

test('a parked execution is answered once and goes back to the queue', async () => {
  const id = await born()
  const child = execution({ parentId: id, topId: id })
  const [parked] = await commitActivations(db, [
    commit(id, {
      status: 'WAITING_DEPENDENCY',
      ended: false,
      children: [child],
      waits: [dependency(1, child.id)],
      history: { firstSeq: 1, lastSeq: 1, entries: '[{"seq":1}]' },
    }),
  ])
  assert.equal(parked?.applied && parked.status, 'WAITING_DEPENDENCY')
  const answer = {
    workspaceId,
    executionId: id,
    generation: 1,
    seq: 1,
    outcome: { kind: 'timeout' } as const,
  }
  const [answered] = await answerWaits(db, [answer])
  assert.equal(answered?.moved, true)
  assert.equal(answered.version, 3)
  assert.equal(answered.processId, processId)
  assert.deepEqual(
    answered.answers.map(({ position, seq, outcome }) => [position, seq, outcome]),
    [[1, 1, '{"kind":"timeout"}']],
  )
  assert.deepEqual(await answerWaits(db, [answer]), [])
  const [loaded] = await loadForActivation(db, [{ workspaceId, executionId: id }])
  assert.equal(loaded?.status, 'WAITING_ENGINE')
  assert.deepEqual(loaded.history, [{ seq: 1 }])
  assert.deepEqual(loaded.answers, [
    { position: 1, seq: 1, outcome: { kind: 'timeout' }, at: answered.answers[0]?.at },
  ])
})

test('what has more history and answers than is asked for is counted, and cut', async () => {
  const entries = '[{"seq":1,"label":"ä"}]'
  const outcome = { kind: 'value', value: { v: 'x'.repeat(500) } } as const
  const ids = [await born(), await born()]
  const [large = '', small = ''] = ids
  for (const id of ids)
    await commitActivations(db, [
      commit(id, {
        status: 'WAITING_DEPENDENCY',
        ended: false,
        waits: [dependency(1, newId())],
        history: { firstSeq: 1, lastSeq: 1, entries },
      }),
    ])
  await answerWaits(db, [{ workspaceId, executionId: large, generation: 1, seq: 1, outcome }])
  const bytes = Buffer.byteLength(entries) + JSON.stringify(outcome).length
  const load = async (executionId: string, maxBytes: number, after?: number) => {
    const keys = ids.map((id) => ({ workspaceId, executionId: id, ...(after && { after }) }))
    const rows = await loadForActivation(db, keys, maxBytes)
    const row = rows.find((one) => one.executionId === executionId)
    return row && [row.bytes, row.isWhole, row.history.length, row.answers.length]
  }
  assert.deepEqual(await load(large, bytes), [bytes, true, 1, 1])
  assert.deepEqual(await load(large, bytes - 1), [bytes, false, 0, 0])
  assert.deepEqual(await load(small, bytes - 1), [Buffer.byteLength(entries), true, 1, 0])
  assert.deepEqual(
    await load(large, bytes, 1),
    [0, true, 0, 0],
    'behind the last answer is nothing',
  )
})

test('an answer while an engine works moves nothing, and its next commit stays ready', async () => {
  const id = await born()
  const other = newId()
  await commitActivations(db, [
    commit(id, {
      status: 'WAITING_DEPENDENCY',
      ended: false,
      waits: [dependency(1, other), dependency(2, other)],
    }),
  ])
  const outcome = { kind: 'timeout' } as const
  await answerWaits(db, [{ workspaceId, executionId: id, generation: 1, seq: 1, outcome }])
  const claimed = await claimExecutions(db, {
    items: [{ workspaceId, executionId: id, version: 3, startedAt: 1_700_000_000_123 }],
    processId,
  })
  assert.equal(claimed.get(id), 4)
  const [noted] = await answerWaits(db, [
    { workspaceId, executionId: id, generation: 1, seq: 2, outcome },
  ])
  assert.equal(noted?.moved, false)
  assert.equal(noted.version, 4)
  assert.equal(noted.answers[0]?.position, 2)
  const [again] = await commitActivations(db, [
    commit(id, { version: 4, status: 'WAITING_DEPENDENCY', ended: false, consumed: 1 }),
  ])
  assert.equal(again?.applied && again.status, 'WAITING_ENGINE')
  assert.equal(again?.applied && again.answered, 2)
})

test('an end removes the waits that are still open', async () => {
  const id = await born()
  await commitActivations(db, [
    commit(id, {
      status: 'SCHEDULED',
      ended: false,
      waits: [{ ...dependency(1, newId()), kind: 'TIMER', dueIn: 60 }],
      dueIn: 60,
    }),
  ])
  assert.equal((await readWaits(db, { workspaceId, executionId: id })).length, 1)
  const shown = await row(id)
  assert.ok((shown.scheduled_for ?? 0) > shown.created_at + 59_000)
  await commitActivations(db, [commit(id, { version: 2, hasWaits: true })])
  assert.equal((await readWaits(db, { workspaceId, executionId: id })).length, 0)
})

test('a scheduled start is a wait of its own that needs no answer', async () => {
  const id = await born({ scheduledFor: Date.now() + 60_000 })
  assert.equal((await row(id)).status, 'SCHEDULED')
  const [started] = await answerWaits(db, [
    {
      workspaceId,
      executionId: id,
      generation: 1,
      seq: 0,
      outcome: { kind: 'value', value: { v: null } },
    },
  ])
  assert.equal(started?.status, 'WAITING_ENGINE')
  assert.deepEqual(started.answers, [])
})

test('settings, locks and children of a batch count only for rows that moved', async () => {
  const [good, bad] = [await born(), await born()]
  const request = { seq: 1, key: 'setting:x', action: 'acquire', capacity: 1 } as const
  await commitActivations(db, [
    commit(good, {
      status: 'WAITING_LOCK',
      ended: false,
      lockRequests: [request],
      settings: [{ id: newId(), name: 's', value: '1' }],
    }),
    commit(bad, {
      version: 7,
      lockRequests: [request],
      settings: [{ id: newId(), name: 's', value: '2' }],
    }),
  ])
  const statement = {
    name: 'probe',
    text: 'SELECT execution_id FROM lock_request WHERE workspace_id = $1',
  }
  assert.deepEqual(await db.query(statement, [workspaceId]), [{ execution_id: good }])
  const settings = { name: 'probe2', text: 'SELECT value FROM setting WHERE workspace_id = $1' }
  assert.deepEqual(await db.query(settings, [workspaceId]), [{ value: '1' }])
})
