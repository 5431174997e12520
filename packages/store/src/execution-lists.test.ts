import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId, now } from '@millrace/runtime'
import { runSql } from '@millrace/testkit'
import { createExecutions } from './create-executions.ts'
import { listChildren, listExecutions, readTree, summarizeExecutions } from './execution-lists.ts'
import { patchExecution, readEnded, readExecutionRecord } from './execution-records.ts'
import type { Filter } from './list-filter.ts'
import { loadForActivation } from './load-executions.ts'
import { afterCall, readLogs, readSavepoints } from './logs.ts'
import type { NewExecution } from './new-execution.ts'
import { newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore('api')
const { db, workspaceId } = store
const ids: string[] = []

before(async () => {
  const root = execution({ name: 'root', input: '{"customer":{"id":"c-1"}}' })
  const child = execution({ parentId: root.id, topId: root.id, extra: '{"tags":["red","big"]}' })
  const grandchild = execution({ parentId: child.id, topId: root.id })
  await createExecutions(db, [root, child, grandchild])
  await runSql(
    store.url,
    "UPDATE execution SET status = 'ENDED_SUCCESS', ended_at = clock(), output = '7' WHERE id = $1",
    [grandchild.id],
  )
})
after(() => store.close())

function execution(over: Partial<NewExecution>): NewExecution {
  const id = newId()
  ids.push(id)
  return newExecution({ workspaceId, id, type: 'SCRIPT', ...over })
}

const ask = (filter: Filter | null, order: string | null = null) =>
  listExecutions(db, {
    workspaceId,
    filter,
    order,
    limit: 50,
    cursor: null,
    count: true,
    at: now(),
  })

const found = async (filter: Filter | null): Promise<number[]> =>
  (await ask(filter)).rows.map((row) => ids.indexOf(row.id)).toSorted()

const recent = { field: 'created_at', op: 'ge', value: new Date(now() - 3_600_000).toISOString() }

test('cheap filters need no time range', async () => {
  assert.deepEqual(await found(null), [0, 1, 2])
  assert.deepEqual(await found({ field: 'status', op: 'eq', value: 'WAITING_ENGINE' }), [0, 1])
  assert.deepEqual(await found({ field: 'tag', op: 'eq', value: 'red' }), [1])
  assert.deepEqual(await found({ field: 'name', op: 'eq', value: 'root' }), [0])
  assert.deepEqual(await found({ field: 'top_execution_id', op: 'eq', value: ids[0] }), [0, 1, 2])
})

test('a time that Postgres cannot read as it is written is refused', async () => {
  for (const value of ['0000-01-01T00:00:00Z', '+010000-01-01T00:00:00Z', 'soon'])
    await assert.rejects(found({ field: 'created_at', op: 'ge', value }), { code: 'invalid' })
  assert.deepEqual(
    await found({ field: 'created_at', op: 'ge', value: '0001-01-01T00:00:00Z' }),
    [0, 1, 2],
  )
})

test('a value that Postgres finds out of range is somebody’s mistake, and none of ours', async () => {
  for (const text of [`SELECT '0000-01-01'::timestamptz`, `SELECT 'x'::date`, 'SELECT 3e9::int'])
    await assert.rejects(db.query({ name: '', text }), { code: 'invalid' })
})

test('any other filter or order needs a time range of at most 7 days', async () => {
  const inside: Filter = { field: 'input_value.customer.id', op: 'eq', value: 'c-1' }
  const ended: Filter = { field: 'status', op: 'eq', value: 'ENDED_SUCCESS' }
  const old: Filter = { field: 'created_at', op: 'ge', value: '2020-01-01T00:00:00Z' }
  for (const filter of [inside, ended, { and: [ended, old] }, { or: [ended, recent as Filter] }]) {
    await assert.rejects(ask(filter), { code: 'invalid', message: /time range of at most 7 days/ })
  }
  await assert.rejects(ask(null, '-duration'), /sorting by duration/)
  assert.deepEqual(await found({ and: [inside, recent as Filter] }), [0])
  assert.deepEqual(await found({ and: [ended, recent as Filter] }), [2])
  assert.equal((await ask(recent as Filter, '-duration')).rows.length, 3)
})

test('what no text can hold is listed, found by all else, and looked into by no filter', async () => {
  const odd = '{"a":{"x":"\\u0000"},"b":{"x":"\\ud83d"}}'
  const paired = '{"customer":{"id":"c-2"},"more":"\\ud83d\\ude00 \\\\u0000"}'
  const aside = { ...newExecution({ workspaceId: newId(), id: newId() }), name: 'odd' }
  const { workspaceId: other } = aside
  const two = newExecution({ workspaceId: other, id: newId(), input: paired })
  await createExecutions(db, [{ ...aside, input: odd, extra: `{"metadata":${odd}}` }, two])
  const foundThere = async (filter: Filter) => {
    const request = { workspaceId: other, order: null, limit: 50, cursor: null, count: true }
    const { rows } = await listExecutions(db, { ...request, filter, at: now() })
    return rows.map(({ id }) => id)
  }
  const eq = (field: string, value: string) => ({ and: [recent, { field, op: 'eq', value }] })
  assert.equal((await foundThere(recent as Filter)).length, 2)
  assert.deepEqual(await foundThere(eq('name', 'odd') as Filter), [aside.id])
  assert.deepEqual(await foundThere(eq('input_value.customer.id', 'c-2') as Filter), [two.id])
  for (const field of ['input_value.c', 'output_value.c', 'metadata.c', 'description'])
    assert.deepEqual(await foundThere(eq(field, 'x') as Filter), [])
})

test('children and trees are followed as deep as asked', async () => {
  const request = { workspaceId, filter: null, order: null, limit: 50, cursor: null, count: false }
  const [root = ''] = ids
  const below = async (depth: number) =>
    (await listChildren(db, { ...request, parentId: root, depth })).rows.map((row) =>
      ids.indexOf(row.id),
    )
  assert.deepEqual(await below(1), [1])
  assert.deepEqual(await below(2), [1, 2])
  const tree = await readTree(db, { workspaceId, id: root, depth: 10, limit: 100 })
  assert.deepEqual(
    tree.map((node) => node.depth),
    [0, 1, 2],
  )
  assert.equal(
    (await readTree(db, { workspaceId: newId(), id: root, depth: 1, limit: 9 })).length,
    0,
  )
})

test('a summary counts what has not ended and what was created since', async () => {
  const groups = await summarizeExecutions(db, {
    workspaceId,
    groupBy: 'status',
    filter: null,
    since: now() + 3_600_000,
  })
  assert.deepEqual(groups, [{ group: 'WAITING_ENGINE', count: 2 }])
})

test('a record is read with its names, and only what has ended is among the ended', async () => {
  const [root = '', , grandchild = ''] = ids
  const record = await readExecutionRecord(db, { workspaceId, id: root })
  assert.equal(record?.name, 'root')
  assert.equal(record?.flow_name, null)
  assert.equal(record?.waits, null)
  const keys = ids.map((executionId) => ({ workspaceId, executionId }))
  const ended = await readEnded(db, keys)
  assert.deepEqual(
    ended.map((row) => [row.id, row.output]),
    [[grandchild, '7']],
  )
})

test('a patch changes the name and the rest and leaves the version alone', async () => {
  const key = { workspaceId, id: ids[0] ?? '' }
  const extra = (): string => '{"description":"new"}'
  assert.equal(await patchExecution(db, key, { name: 'other', extra }), true)
  const record = await readExecutionRecord(db, key)
  assert.deepEqual(
    [record?.name, record?.extra, record?.version],
    ['other', '{"description":"new"}', 1],
  )
  assert.equal(await patchExecution(db, { ...key, id: newId() }, { name: 'x' }), false)
})

test('the code goes on seeing the name that it can have begun with', async () => {
  const seen = async (fields: Partial<NewExecution>) => {
    const item = execution({ name: 'first', ...fields })
    await createExecutions(db, [item])
    for (const name of ['second', 'third'])
      assert.equal(await patchExecution(db, { workspaceId, id: item.id }, { name }), true)
    const [loaded] = await loadForActivation(db, [{ workspaceId, executionId: item.id }])
    return loaded?.name
  }
  assert.equal(await seen({}), 'first', 'an engine may have it')
  assert.equal(await seen({ name: null }), null)
  assert.equal(await seen({ paused: true }), 'third')
  assert.equal(await seen({ scheduledFor: now() + 3_600_000 }), 'third')
})

test('logs and savepoints are read from any place inside a row', async () => {
  const executionId = ids[0] ?? ''
  const key = { workspaceId, executionId }
  const lines = (seqs: number[]) =>
    JSON.stringify(seqs.map((seq) => ({ seq, at: seq, values: ['\u0000'] })))
  const insertLog =
    'INSERT INTO log (workspace_id, execution_id, generation, first_seq, lines) VALUES ($1, $2, 1, $3, $4)'
  await runSql(store.url, insertLog, [workspaceId, executionId, 1, lines([1, 3])])
  await runSql(store.url, insertLog, [workspaceId, executionId, 4, lines([4, 5, 9])])
  const read = async (seq: number, limit = 50) => {
    const page = await readLogs(db, key, { after: afterCall(1, seq), limit })
    return [page.lines.map((line) => line.seq), page.full]
  }
  assert.deepEqual(await read(0), [[1, 3, 4, 5, 9], false])
  assert.deepEqual(await read(1), [[3, 4, 5, 9], false])
  assert.deepEqual(await read(4, 1), [[5], true])
  assert.deepEqual(await read(9), [[], false])

  // A step has written three lines, and each is its own place.
  await runSql(store.url, insertLog, [workspaceId, executionId, 12, lines([12, 12, 12, 13])])
  const after = { generation: 1, seq: 9, line: 1 }
  const seen: string[] = []
  for (let more = true; more;) {
    const page = await readLogs(db, key, { after, limit: 1 })
    for (const { seq, line } of page.lines) {
      seen.push(`${seq}.${line}`)
      Object.assign(after, { seq, line })
    }
    more = page.full
  }
  assert.deepEqual(seen, ['12.1', '12.2', '12.3', '13.1'])

  const entries = [
    {
      seq: 1,
      kind: 'step',
      label: 'a',
      line: 3,
      digest: '',
      outcome: { kind: 'value', value: { v: 1 } },
    },
    { seq: 2, kind: 'sleep', label: 'b', line: 4, digest: '' },
    { seq: 3, kind: 'call', label: 'c', line: null, digest: '' },
  ]
  await runSql(
    store.url,
    'INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, entries) VALUES ($1, $2, 1, 1, 3, $3)',
    [workspaceId, executionId, JSON.stringify(entries)],
  )
  await runSql(
    store.url,
    `INSERT INTO answer (workspace_id, execution_id, generation, position, seq, outcome) VALUES ($1, $2, 1, 1, 2, '{"kind":"timeout"}')`,
    [workspaceId, executionId],
  )
  const page = await readSavepoints(db, key, { generation: 1, afterSeq: 0, limit: 50 })
  assert.deepEqual(
    page.savepoints.map((savepoint) => [savepoint.seq, savepoint.name, savepoint.state]),
    [
      [1, 'a', 'done'],
      [2, 'b', 'timed_out'],
      [3, 'c', 'open'],
    ],
  )
})
