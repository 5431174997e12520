import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { newId } from '@millrace/runtime'
import { startTestStore, type TestStore } from '../test/test-store.ts'
import { answerWaits } from './answers.ts'
import { registerProcess } from './leases.ts'
import { listMessages } from './message-lists.ts'
import { closeMessages, sweepMessages } from './message-plans.ts'
import { collectResponses } from './message-responses.ts'
import {
  answerMessage,
  countMessageChanges,
  insertMessages,
  type MessageRow,
  type NewMessage,
  readLinkKeys,
  readMessages,
  readResponseWaits,
} from './messages.ts'
import { keepShards, type ShardFence } from './shard-leases.ts'

let store: TestStore
let fence: ShardFence
before(async () => {
  store = await startTestStore()
  const processId = newId()
  await registerProcess(store.db, { processId, service: 'scheduler', address: null })
  const held = await keepShards(store.db, { service: 'scheduler', processId, ttlMs: 600_000 })
  fence = { processId, held }
})
after(() => store.close())
beforeEach(() => store.sql('TRUNCATE execution, wait, answer, message'))

const FORM = JSON.stringify({ subject: 'Go?', text: null, items: [], required: [], rules: {} })

async function message(over: Partial<NewMessage> = {}): Promise<NewMessage> {
  const executionId = over.executionId ?? (await store.execution({ status: 'WAITING_RESPONSE' }))
  const made: NewMessage = {
    workspaceId: store.workspaceId,
    id: newId(),
    executionId,
    generation: 1,
    seq: 1,
    isAwaited: true,
    title: 'Go?',
    form: FORM,
    assignees: [],
    allowsLinks: false,
    plan: null,
    nextAt: null,
    dueAt: null,
    ...over,
  }
  await insertMessages(store.db, [made])
  if (made.isAwaited) await wait(made, executionId)
  return made
}

const wait = ({ id, seq }: NewMessage, executionId: string): Promise<void> =>
  store.wait(executionId, { kind: 'RESPONSE', ref: id, seq, subject: 'Go?' })

async function read({ workspaceId, id }: NewMessage): Promise<MessageRow> {
  const [row] = await readMessages(store.db, [{ workspaceId, messageId: id }])
  assert.ok(row)
  return row
}

const keyOf = ({ workspaceId, id }: NewMessage) => ({ workspaceId, messageId: id })
const ANSWER = { response: '{"go":true}', button: 'go', by: 'anna', byId: newId() }

test('a message made twice is made once', async () => {
  const made = await message()
  await insertMessages(store.db, [{ ...made, title: 'another' }])
  const row = await read(made)
  assert.equal(row.title, 'Go?')
  assert.deepEqual([row.status, row.changes, row.assignees], ['OPEN', 1, []])
})

test('a later life of its execution asks the same once more, and nobody else does', async () => {
  const made = await message()
  await answerMessage(store.db, keyOf(made), ANSWER)
  const other = await store.execution({ status: 'WAITING_RESPONSE' })
  await insertMessages(store.db, [{ ...made, executionId: other, generation: 2 }])
  assert.equal((await read(made)).status, 'ANSWERED')
  const again = { ...made, generation: 2, title: 'Go now?', dueAt: 1_900_000_000_000 }
  await store.sql('DELETE FROM wait WHERE execution_id = $1', [made.executionId])
  await store.wait(made.executionId, { kind: 'RESPONSE', ref: made.id, seq: 1, generation: 2 })
  await insertMessages(store.db, [again])
  const open = await read(made)
  assert.deepEqual(
    [open.status, open.title, open.response, open.answered_by, open.closed_why, open.due_at],
    ['OPEN', 'Go now?', null, null, null, again.dueAt],
  )
  await answerMessage(store.db, keyOf(made), { ...ANSWER, by: 'ben' })
  // One that asks it for a rerun in the same batch changes nothing, and neither does a repeat.
  await insertMessages(store.db, [{ ...again, executionId: other, generation: 3 }, again])
  assert.equal((await read(made)).answered_by, 'ben')
})

test('what a later life asks again is not closed by who saw it closed before', async () => {
  const made = await message()
  await store.sql('DELETE FROM wait')
  await store.sql('UPDATE execution SET generation = 2')
  const sweep = await store.db.transaction(async (tx) => {
    await insertMessages(tx, [{ ...made, generation: 2 }])
    // It reads what is committed, and waits for the row.
    const closed = closeMessages(store.db, [keyOf(made)])
    await until(isWaitingForRow)
    return { closed }
  })
  await store.wait(made.executionId, { kind: 'RESPONSE', ref: made.id, seq: 1, generation: 2 })
  assert.deepEqual(await sweep.closed, [])
  assert.equal((await read(made)).status, 'OPEN')
})

/** Somebody's UPDATE of a message stands before a row that another transaction has. */
async function isWaitingForRow(): Promise<boolean> {
  const rows = await store.sql(
    `SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE message%'`,
  )
  return rows.length > 0
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setImmediate()
}

test('the first answer is written, a second is not', async () => {
  const made = await message()
  const at = await answerMessage(store.db, keyOf(made), ANSWER)
  assert.ok(at !== null)
  assert.equal(await answerMessage(store.db, keyOf(made), { ...ANSWER, by: 'ben' }), null)
  const row = await read(made)
  assert.deepEqual(
    [row.status, row.answered_by, row.answered_at, row.response, row.button],
    ['ANSWERED', 'anna', at, '{"go":true}', 'go'],
  )
  assert.equal(await countMessageChanges(store.db, made), 2)
})

test('a message is open as long as its wait is, and says why it is not', async () => {
  const late = await message()
  const ended = await message()
  const reverted = await message()
  assert.equal((await read(late)).status, 'OPEN')
  await store.sql('DELETE FROM wait WHERE execution_id = ANY ($1)', [
    [late, ended, reverted].map((one) => one.executionId),
  ])
  await store.sql(`UPDATE execution SET status = 'ENDED_ERROR', ended_at = clock() WHERE id = $1`, [
    ended.executionId,
  ])
  await store.sql('UPDATE execution SET generation = 2 WHERE id = $1', [reverted.executionId])
  const rows = await Promise.all([late, ended, reverted].map(read))
  assert.deepEqual(
    rows.map((row) => [row.status, row.closed_why, row.closed_at !== null]),
    [
      ['CLOSED', 'TIMEOUT', true],
      ['CLOSED', 'ENDED', true],
      ['CLOSED', 'WITHDRAWN', true],
    ],
  )
})

test('a message that was not waited for stays open after its execution', async () => {
  const executionId = await store.execution({ status: 'ENDED_SUCCESS', ended_at: new Date() })
  const made = await message({ executionId, isAwaited: false })
  assert.equal((await read(made)).status, 'OPEN')
})

test('everybody who waits for an answered message is answered, and nobody for an open one', async () => {
  const made = await message()
  const other = await store.execution({ status: 'WAITING_RESPONSE' })
  await wait(made, other)
  const waits = await readResponseWaits(store.db, keyOf(made))
  assert.deepEqual(
    waits.map((one) => one.executionId).toSorted(),
    [made.executionId, other].toSorted(),
  )
  const keys = waits.map((one) => ({ ...one, workspaceId: store.workspaceId }))
  assert.deepEqual((await collectResponses(store.db, keys)).answers, [])

  await answerMessage(store.db, keyOf(made), ANSWER)
  const { answers } = await collectResponses(store.db, keys)
  assert.equal(answers.length, 2)
  assert.deepEqual(
    (await answerWaits(store.db, answers)).map(({ moved }) => moved),
    [true, true],
  )
  const [outcome] = answers.map((one) => one.outcome)
  assert.ok(outcome?.kind === 'value' && 'v' in outcome.value)
  assert.deepEqual((outcome.value.v as { response: unknown }).response, { go: true })
})

test('who waits for a message that was closed, or is not there, is told so', async () => {
  const closed = await message()
  await store.sql('DELETE FROM wait WHERE execution_id = $1', [closed.executionId])
  const other = await store.execution({ status: 'WAITING_RESPONSE' })
  await wait(closed, other)
  const lost = await store.execution({ status: 'WAITING_RESPONSE' })
  await store.wait(lost, { kind: 'RESPONSE', ref: newId() })
  const { answers } = await collectResponses(
    store.db,
    [other, lost].map((executionId) => ({ workspaceId: store.workspaceId, executionId, seq: 1 })),
  )
  const names = answers.map(({ outcome }) => (outcome.kind === 'error' ? outcome.error.name : ''))
  assert.deepEqual(names.toSorted(), ['MessageClosedError', 'ResourceNotFoundError'])
})

test('a large response goes by reference', async () => {
  const made = await message()
  const response = JSON.stringify({ text: 'x'.repeat(40_000) })
  await answerMessage(store.db, keyOf(made), { ...ANSWER, response })
  const key = { workspaceId: store.workspaceId, executionId: made.executionId, seq: 1 }
  const { answers, payloads } = await collectResponses(store.db, [key])
  const [outcome] = answers.map((one) => one.outcome)
  assert.ok(outcome?.kind === 'value' && 'p' in outcome.value)
  assert.equal(payloads[0]?.hash, outcome.value.p.hash)
})

test('what is open no more is found by a walk and written down, and nothing else', async () => {
  const open = await message()
  const closed = await message()
  await store.sql('DELETE FROM wait WHERE execution_id = $1', [closed.executionId])
  const page = await sweepMessages(store.db, { ...fence, after: null, limit: 10 })
  assert.deepEqual([page.finds, page.rows], [[keyOf(closed)], 2])
  assert.deepEqual(await closeMessages(store.db, [keyOf(open), keyOf(closed)]), [closed.id])
  const [row] = await store.sql<{ status: string; closed_why: string }>(
    'SELECT status, closed_why FROM message WHERE id = $1',
    [closed.id],
  )
  assert.deepEqual(row, { status: 'CLOSED', closed_why: 'TIMEOUT' })
})

test('the list is filtered by what stands, by assignee and by who may answer', async () => {
  const { workspaceId } = store
  const mine = await message({ assignees: ['anna'], dueAt: 1 })
  const hers = await message({ assignees: ['ben', 'operators'] })
  const anybody = await message()
  const closed = await message()
  await store.sql('DELETE FROM wait WHERE execution_id = $1', [closed.executionId])
  const list = async (filter: object | null, forIdentities: string[] | null = null) => {
    const page = await listMessages(store.db, {
      workspaceId,
      filter: filter as never,
      order: 'id',
      limit: 10,
      cursor: null,
      count: true,
      forIdentities,
    })
    assert.equal(page.total, page.rows.length)
    return page.rows.map((row) => row.id)
  }
  const open = { field: 'status', op: 'eq', value: 'OPEN' }
  assert.deepEqual(await list(open), [mine.id, hers.id, anybody.id])
  assert.deepEqual(await list({ and: [open] }, ['anna', 'her-id']), [mine.id, anybody.id])
  assert.deepEqual(await list({ field: 'assignee', op: 'eq', value: 'operators' }), [hers.id])
  assert.deepEqual(await list({ field: 'closed_why', op: 'eq', value: 'TIMEOUT' }), [closed.id])
  assert.deepEqual(await list({ field: 'due_at', op: 'is_null', value: false }), [mine.id])
})

test('there is a key to sign links with from the beginning', async () => {
  const { current, keys } = await readLinkKeys(store.db)
  assert.ok((keys.get(current)?.length ?? 0) >= 32)
})
