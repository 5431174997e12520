import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { openSql } from '@millrace/testkit'
import { createExecutions } from './create-executions.ts'
import { payloadOf, putPayloads } from './payloads.ts'
import {
  referredContents,
  removeContents,
  removeDeepest,
  removeTrees,
  type Retained,
  touchContents,
  unusedContents,
} from './retention.ts'
import { putScript, scriptHash } from './scripts.ts'
import { newExecution, startTestStore, type TestStore } from '../test/test-store.ts'

// What a whole walk leaves is tested with the scheduler, over random forests.
const HOUR = 3_600_000
let store: TestStore
let retained: Retained

before(async () => {
  store = await startTestStore()
  retained = { workspaceId: store.workspaceId, keepMs: HOUR }
})
after(() => store.close())
beforeEach(() => store.sql('TRUNCATE execution, wait, payload, script, flow'))

const ago = (hours: number): string => new Date(Date.now() - hours * HOUR).toISOString()
const ended = { status: 'ENDED_SUCCESS', ended_at: ago(2) }
/** Born three hours ago; the serial orders them. */
const idOf = (serial: number): string => {
  const hex = (Date.now() - 3 * HOUR).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${serial.toString(16).padStart(12, '0')}`
}
/** A chain of ended executions, each the child of the one before. */
async function plantChain(length: number): Promise<string[]> {
  const ids = Array.from({ length }, (_, serial) => idOf(serial))
  await store.executions(
    ids.map((id, index) => ({
      ...ended,
      id,
      top_execution_id: ids[0],
      parent_execution_id: ids[index - 1] ?? null,
    })),
  )
  return ids
}
const left = async () =>
  (await store.sql<{ id: string }>('SELECT id FROM execution ORDER BY id')).map(({ id }) => id)
const remove = (largest = 10) =>
  removeTrees(store.db, retained, { after: null, limit: 10, largest })

test('a tree that is too large for one statement goes from its deepest members up', async () => {
  const ids = await plantChain(5)
  const top = ids[0] ?? ''
  assert.deepEqual(await remove(4), { removed: 0, large: [top], next: null })
  assert.equal(await removeDeepest(store.db, retained, { top, limit: 2 }), 2)
  assert.deepEqual(await left(), ids.slice(0, 3))
  assert.equal(await removeDeepest(store.db, retained, { top, limit: 3 }), 3)
  assert.equal(await removeDeepest(store.db, retained, { top, limit: 3 }), 0)
})

test('what is left of a large tree stays when one of its members lives again', async () => {
  const ids = await plantChain(5)
  const top = ids[0] ?? ''
  assert.equal(await removeDeepest(store.db, retained, { top, limit: 1 }), 1)
  await store.sql(
    `UPDATE execution SET status = 'WAITING_ENGINE', ended_at = NULL, generation = 2 WHERE id = $1`,
    [ids[1]],
  )
  assert.equal(await removeDeepest(store.db, retained, { top, limit: 1 }), 0)
  assert.deepEqual(await remove(), { removed: 0, large: [], next: null })
  assert.deepEqual(await left(), ids.slice(0, 4))
})

test('a tree of which somebody holds a member stays whole until next time', async () => {
  const ids = await plantChain(3)
  const holder = await openSql(store.url)
  await holder.run('BEGIN')
  await holder.run('SELECT FROM execution WHERE id = $1 FOR UPDATE', [ids[1]])
  assert.equal((await remove()).removed, 0)
  assert.equal(await removeDeepest(store.db, retained, { top: ids[0] ?? '', limit: 3 }), 0)
  await holder.run('COMMIT')
  await holder[Symbol.asyncDispose]()
  assert.equal((await remove()).removed, 3)
})

test('a payload or script that is put again while it is being removed is there afterwards', async () => {
  const { workspaceId } = store
  const payload = payloadOf(workspaceId, JSON.stringify('x'.repeat(40_000)))
  assert.ok(payload)
  const script = { language: 'typescript', source: 'export default () => 1' } as const
  const contents = [
    { of: 'payload', hash: payload.hash, put: () => putPayloads(store.db, [payload]) },
    {
      of: 'script',
      hash: scriptHash(script),
      put: () => putScript(store.db, workspaceId, script),
    },
  ] as const
  for (const { of, hash, put } of contents) {
    await put()
    const page = { of, after: null, limit: 10 }
    assert.deepEqual((await unusedContents(store.db, retained, page)).hashes, [])
    const age = `UPDATE ${of} SET used_at = clock() - interval '2 hours'`
    await store.sql(age)
    assert.deepEqual((await unusedContents(store.db, retained, page)).hashes, [hash])
    // It is put, or touched, between the question and the removal …
    await put()
    assert.equal(await removeContents(store.db, retained, { of, hashes: [hash] }), 0)
    await store.sql(age)
    await touchContents(store.db, of, [{ workspaceId, hash }])
    assert.equal(await removeContents(store.db, retained, { of, hashes: [hash] }), 0)
    await store.sql(age)
    // … or just when it is gone, but not for good yet.
    const remover = await openSql(store.url)
    await remover.run('BEGIN')
    await remover.run(`DELETE FROM ${of}`)
    const putting = put()
    while ((await store.sql('SELECT FROM pg_locks WHERE NOT granted')).length === 0) continue
    await remover.run('COMMIT')
    await remover[Symbol.asyncDispose]()
    await putting
    assert.equal((await store.sql(`SELECT FROM ${of}`)).length, 1)
  }
})

test('a script counts as used until the last flow lets go of it', async () => {
  const { workspaceId } = store
  const hashes = []
  for (const source of ['1', '2'])
    hashes.push(await putScript(store.db, workspaceId, { language: 'typescript', source }))
  const id = idOf(1)
  await store.seed('flow', [
    {
      workspace_id: workspaceId,
      id,
      name: 'f',
      script_hash: `\\x${hashes[0]}`,
      created_at: ago(9),
      modified_at: ago(9),
    },
  ])
  const unused = async () =>
    (await unusedContents(store.db, retained, { of: 'script', after: null, limit: 10 })).hashes
  const age = `UPDATE script SET used_at = clock() - interval '2 hours'`
  await store.sql(age)
  assert.deepEqual(await unused(), [hashes[1]])
  await store.sql(`UPDATE flow SET script_hash = decode($1, 'hex')`, [hashes[1]])
  assert.deepEqual(await unused(), [])
  await store.sql(age)
  assert.deepEqual(await unused(), [hashes[0]])
  await store.sql('DELETE FROM flow')
  assert.deepEqual(await unused(), [hashes[0]])
  await store.sql(age)
  assert.deepEqual((await unused()).toSorted(), hashes.toSorted())
})

/** What goes with an execution, one row each; what stays has a reason. */
const THEIRS: Readonly<Record<string, object>> = {
  connection_attempt: { attempt: 1, epoch: 1, process_id: idOf(1), repeat_class: 'safe' },
  message: { id: idOf(2), generation: 1, seq: 1, is_awaited: false, title: 't', form: {} },
  revert: { generation: 2, from_generation: 1, seq: 0 },
  debug_session: { generation: 1, seen: 0 },
  execution_aside: { is_hidden: true },
  execution_tag: { tag: 't' },
  start_gate: { ordinal: 1, key: 'k', capacity: 1 },
  runtime_limit: { seconds: 1, check_at: ago(-1), is_over: false },
}
const STAYS: Readonly<Record<string, string>> = {
  wait: 'gone with its end; a stale one is swept',
  wait_member: 'goes with its wait',
  lock_request: 'the lock-manager puts it away',
  lock_holder:
    'the lock-manager takes it away; a start in a rate holds its place until its period is over',
  savepoint: 'goes with its partition',
  answer: 'goes with its partition',
  log: 'goes with its partition',
  schedule_iteration: 'the scheduler finds it without an execution',
  schedule_run: 'has a retention of its own',
  webhook_replay: 'until the delivery cannot come again',
  webhook_delivery: 'a week',
}

test('with an execution goes what is its alone, from every table that names one', async () => {
  const tables = await store.sql<{ name: string }>(
    `SELECT c.table_name AS name FROM information_schema.columns c JOIN pg_class p ON p.relname = c.table_name
     WHERE c.table_schema = 'public' AND c.column_name = 'execution_id' AND p.relkind IN ('r', 'p') AND NOT p.relispartition`,
  )
  assert.deepEqual(
    tables.map(({ name }) => name).toSorted(),
    [...Object.keys(THEIRS), ...Object.keys(STAYS)].toSorted(),
  )
  const plant = async (serial: number): Promise<string> => {
    const id = await store.execution({
      ...ended,
      id: idOf(serial),
      top_execution_id: idOf(serial),
      type: 'CONNECTION',
      generation: 2,
    })
    for (const [table, row] of Object.entries(THEIRS))
      await store.seed(table, [{ workspace_id: store.workspaceId, execution_id: id, ...row }])
    return id
  }
  const rowsOf = async (id: string): Promise<string[]> => {
    const found: string[] = []
    for (const table of Object.keys(THEIRS)) {
      const rows = await store.sql(`DELETE FROM ${table} WHERE execution_id = $1 RETURNING 1`, [id])
      if (rows.length > 0) found.push(table)
    }
    return found
  }
  const small = await plant(10)
  assert.equal((await remove()).removed, 1)
  assert.deepEqual(await rowsOf(small), [])
  const large = await plant(11)
  assert.equal(await removeDeepest(store.db, retained, { top: large, limit: 1 }), 1)
  assert.deepEqual(await rowsOf(large), [])
})

test('the schemas of an execution are referred to, whatever its other properties hold', async () => {
  const schemas = { input_schema_hash: 'a'.repeat(64), output_schema_hash: 'b'.repeat(64) }
  const extra = JSON.stringify({ metadata: ['\0', '\uD83D'], ...schemas })
  const { workspaceId } = retained
  await createExecutions(store.db, [newExecution({ workspaceId, id: idOf(1), extra })])
  const { hashes } = await referredContents(store.db, retained, { after: null, limit: 10 })
  const found = hashes.filter((hash) => Object.values(schemas).includes(hash))
  assert.deepEqual(found.toSorted(), Object.values(schemas))
})
