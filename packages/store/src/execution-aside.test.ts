import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId, now } from '@millrace/runtime'
import { createExecutions } from './create-executions.ts'
import { purgeExecution, restoreExecution, trashExecution } from './execution-aside.ts'
import { listChildren, listExecutions, summarizeExecutions } from './execution-lists.ts'
import { patchExecution, readExecutionRecord } from './execution-records.ts'
import type { Filter } from './list-filter.ts'
import { newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore('api')
const { db, workspaceId } = store
after(() => store.close())

const by = newId()
const list = async (filter: Filter | null, more: { trashed?: boolean; count?: boolean } = {}) => {
  const request = { workspaceId, filter, order: null, limit: 50, cursor: null, count: false }
  return listExecutions(db, { ...request, at: now(), ...more })
}
const idsOf = async (filter: Filter | null, more: { trashed?: boolean } = {}) =>
  (await list(filter, more)).rows.map(({ id }) => id).toSorted()
const tagged = (tag: string): Filter => ({ field: 'tag', op: 'eq', value: tag })

async function ended(over: object = {}): Promise<string> {
  return store.execution({
    status: 'ENDED_SUCCESS',
    ended_at: new Date(now() - 1_000).toISOString(),
    ...over,
  })
}

test('what is in the trash is out of lists and counts, says so, and comes back', async () => {
  const flowId = newId()
  const [id, other] = [await ended({ flow_id: flowId }), await ended({ flow_id: flowId })]
  const ofFlow: Filter = { field: 'flow_id', op: 'eq', value: flowId }
  assert.deepEqual(await trashExecution(db, { workspaceId, id, by }), {
    status: 'ENDED_SUCCESS',
    done: true,
  })
  assert.deepEqual(await idsOf(ofFlow), [other])
  assert.equal((await list(ofFlow, { count: true })).total, 1)
  assert.deepEqual(await idsOf(ofFlow, { trashed: true }), [id])
  const trashed: Filter = { field: 'is_deleted', op: 'eq', value: true }
  assert.deepEqual(await idsOf({ and: [ofFlow, trashed] }), [id])
  assert.deepEqual(await idsOf({ and: [ofFlow, { not: trashed }] }), [other])
  const groups = await summarizeExecutions(db, {
    workspaceId,
    groupBy: 'flow_id',
    filter: ofFlow,
    since: now() - 3_600_000,
  })
  assert.deepEqual(groups, [{ group: flowId, count: 1 }])
  const record = await readExecutionRecord(db, { workspaceId, id })
  assert.deepEqual([record?.deleted_by, typeof record?.deleted_at], [by, 'number'])

  assert.equal(await restoreExecution(db, { workspaceId, id }), true)
  assert.equal(await restoreExecution(db, { workspaceId, id }), false)
  assert.deepEqual(await idsOf(ofFlow), [id, other].toSorted())
})

test('putting it there twice keeps who did it first and when', async () => {
  const id = await ended()
  await trashExecution(db, { workspaceId, id, by })
  const first = await readExecutionRecord(db, { workspaceId, id })
  assert.equal((await trashExecution(db, { workspaceId, id, by: newId() }))?.done, true)
  const second = await readExecutionRecord(db, { workspaceId, id })
  assert.deepEqual([second?.deleted_at, second?.deleted_by], [first?.deleted_at, first?.deleted_by])
})

test('what lives is not put into the trash, and what is another workspace’s is not there', async () => {
  const id = await store.execution()
  assert.deepEqual(await trashExecution(db, { workspaceId, id, by }), {
    status: 'WAITING_ENGINE',
    done: false,
  })
  const theirs = { workspaceId: newId(), id: await ended() }
  assert.equal(await trashExecution(db, { ...theirs, by }), null)
  assert.equal(await restoreExecution(db, theirs), false)
  assert.deepEqual(await purgeExecution(db, theirs), { kind: 'notFound' })
})

test('hidden at birth or later, it is found by whoever asks for hidden ones', async () => {
  const tag = newId()
  const born = (extra: object) =>
    newExecution({ workspaceId, id: newId(), extra: JSON.stringify(extra) })
  const [hidden, shown] = [born({ tags: [tag], is_hidden: true }), born({ tags: [tag] })]
  await createExecutions(db, [hidden, shown])
  assert.deepEqual(await idsOf(tagged(tag)), [shown.id])
  const asked: Filter = { field: 'is_hidden', op: 'eq', value: true }
  assert.deepEqual(await idsOf({ and: [tagged(tag), asked] }), [hidden.id])
  const key = { workspaceId, id: shown.id }
  await patchExecution(db, key, { isHidden: true })
  assert.deepEqual(await idsOf(tagged(tag)), [])
  await patchExecution(db, key, { isHidden: false })
  await patchExecution(db, { workspaceId, id: hidden.id }, { isHidden: false })
  assert.deepEqual(await idsOf(tagged(tag)), [hidden.id, shown.id].toSorted())
})

test('hidden ones in the trash stay hidden when they come back', async () => {
  const tag = newId()
  const id = newId()
  const extra = JSON.stringify({ tags: [tag], is_hidden: true })
  await createExecutions(db, [newExecution({ workspaceId, id, extra })])
  await store.sql(
    `UPDATE execution SET status = 'ENDED_SUCCESS', ended_at = clock() WHERE id = $1`,
    [id],
  )
  await trashExecution(db, { workspaceId, id, by })
  await restoreExecution(db, { workspaceId, id })
  const record = await readExecutionRecord(db, { workspaceId, id })
  assert.deepEqual([record?.is_hidden, record?.deleted_at], [true, null])
})

test('tags are found as they were last set', async () => {
  const [one, two] = [newId(), newId()]
  const id = newId()
  const extra = JSON.stringify({ tags: [one] })
  await createExecutions(db, [newExecution({ workspaceId, id, extra })])
  await patchExecution(db, { workspaceId, id }, { tags: [two] })
  assert.deepEqual([await idsOf(tagged(one)), await idsOf(tagged(two))], [[], [id]])
})

test('a purge takes all below it, their history and what they are found by', async () => {
  const tag = newId()
  const top = await ended()
  const child = await ended({ parent_execution_id: top, top_execution_id: top })
  await patchExecution(db, { workspaceId, id: child }, { tags: [tag] })
  const saved = { workspace_id: workspaceId, execution_id: child, generation: 1 }
  await store.seed('savepoint', [{ ...saved, first_seq: 1, last_seq: 1, entries: '[]' }])
  await store.seed('log', [{ ...saved, first_seq: 1, lines: '[]' }])
  assert.deepEqual(await purgeExecution(db, { workspaceId, id: top }), { kind: 'purged', count: 2 })
  for (const table of ['execution_tag', 'savepoint', 'log'])
    assert.deepEqual(
      await store.sql(`SELECT FROM ${table} WHERE execution_id = $1`, [child]),
      [],
      table,
    )
  assert.equal(await readExecutionRecord(db, { workspaceId, id: child }), null)
})

test('a purge is refused while one below lives, or somebody waits for one', async () => {
  const top = await ended()
  const child = await store.execution({ parent_execution_id: top, top_execution_id: top })
  assert.deepEqual(await purgeExecution(db, { workspaceId, id: top }), { kind: 'lives', id: child })

  const awaited = await ended()
  const waiter = await store.execution({ status: 'WAITING_DEPENDENCY' })
  await store.wait(waiter, { kind: 'DEPENDENCY', return_when: 'ALL_ENDED', ref: awaited })
  assert.deepEqual(await purgeExecution(db, { workspaceId, id: awaited }), {
    kind: 'awaited',
    by: waiter,
  })
})

test('children in the trash are out of the list of children', async () => {
  const top = await ended()
  const child = await ended({ parent_execution_id: top, top_execution_id: top })
  const request = { workspaceId, filter: null, order: null, limit: 50, cursor: null, count: true }
  const children = () => listChildren(db, { ...request, parentId: top, depth: 1 })
  assert.equal((await children()).total, 1)
  await trashExecution(db, { workspaceId, id: child, by })
  assert.deepEqual([(await children()).total, (await children()).rows], [0, []])
})

test('a filter that is none is refused with its place, whatever it is', async () => {
  for (const filter of [7, [], 'x', { and: 7 }, { or: null }, { not: null }, { and: [null] }])
    await assert.rejects(list(filter as unknown as Filter), { code: 'invalid' })
})
