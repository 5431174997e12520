import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { openSql } from '@millrace/testkit'
import { sql } from './executions-sql.ts'
import { addPartition, dropPartition, readPartitions } from './partitions.ts'
import { startTestStore, type TestStore } from '../test/test-store.ts'

const DAY = 86_400_000
let store: TestStore

before(async () => {
  store = await startTestStore()
})
after(() => store.close())
beforeEach(async () => {
  await store.sql('TRUNCATE execution, savepoint')
  const { partitions } = await readPartitions(store.db)
  for (const { of, name, from } of partitions)
    if (of === 'savepoint' && from !== null)
      await dropPartition(store.db, { of, name, mostKept: 1 })
})

/** A day that begins so many days from now. */
const day = (days: number) => {
  const from = Math.floor(Date.now() / DAY + days) * DAY
  return { of: 'savepoint', from, to: from + DAY } as const
}
const idAt = (ms: number): string => {
  const hex = Math.floor(ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-${newId().slice(14)}`
}
const added = async () =>
  (await readPartitions(store.db)).partitions.filter(
    ({ of, from }) => of === 'savepoint' && from !== null,
  )
const savepoint = (executionId: string, workspaceId = store.workspaceId) =>
  store.seed('savepoint', [
    {
      workspace_id: workspaceId,
      execution_id: executionId,
      generation: 1,
      first_seq: 1,
      last_seq: 1,
      format: 1,
      entries: '[]',
      created_at: new Date().toISOString(),
    },
  ])
/** In which table the history of each execution lies. */
const places = async () =>
  (
    await store.sql<{ place: string; id: string }>(
      'SELECT tableoid::regclass::text AS place, execution_id AS id FROM savepoint ORDER BY execution_id',
    )
  ).map(({ place, id }) => [id, place])

test('what the migration found is one partition up to shortly after it, and the default is empty', async () => {
  const { at, partitions } = await readPartitions(store.db)
  const first = partitions.filter(({ from }) => from === null)
  assert.deepEqual(first.map(({ of }) => of).toSorted(), ['answer', 'log', 'savepoint'])
  assert.ok(first.every(({ to }) => Math.abs(to - at) < 10 * 60_000))
})

test('ids lie in the partition of their birth, and in the default one where there is none', async () => {
  const range = day(3)
  await addPartition(store.db, range)
  const [inside, beyond] = [idAt(range.from), idAt(range.to)]
  await savepoint(inside)
  await savepoint(beyond)
  const [partition] = await added()
  assert.deepEqual(await places(), [
    [inside, partition?.name],
    [beyond, 'savepoint_rest'],
  ])
})

test('a partition takes over what came before it was made', async () => {
  const range = day(3)
  const early = idAt(range.from + 1)
  await savepoint(early)
  await addPartition(store.db, range)
  const [partition] = await added()
  assert.deepEqual(await places(), [[early, partition?.name]])
})

test('dropping a partition keeps the history of every execution that is still there', async () => {
  const range = day(3)
  await addPartition(store.db, range)
  const [gone, kept, foreign] = [idAt(range.from), idAt(range.from + 1), idAt(range.to - 1)]
  const other = newId()
  await store.execution({ id: kept, top_execution_id: kept })
  await store.execution({ workspace_id: other, id: foreign, top_execution_id: foreign })
  for (const id of [gone, kept]) await savepoint(id)
  await savepoint(foreign, other)
  const [partition] = await added()
  assert.ok(partition)
  assert.equal(await dropPartition(store.db, { ...partition, mostKept: 1 }), null)
  assert.equal((await places()).length, 3)
  assert.equal(await dropPartition(store.db, { ...partition, mostKept: 2 }), 2)
  assert.deepEqual(await added(), [])
  assert.deepEqual(await places(), [
    [kept, 'savepoint_rest'],
    [foreign, 'savepoint_rest'],
  ])
  // Whoever still writes to it goes on.
  await store.sql('UPDATE savepoint SET last_seq = 2 WHERE execution_id = $1', [kept])
  await savepoint(idAt(range.from + 5))
})

test('who would have to wait for a partition gives up in a moment and leaves all as it was', async () => {
  const range = day(3)
  await addPartition(store.db, range)
  const [partition] = await added()
  assert.ok(partition)
  const reader = await openSql(store.url)
  await reader.run('BEGIN')
  await reader.run('SELECT FROM savepoint')
  const busy = { code: 'unavailable', message: /lock timeout/ }
  await assert.rejects(dropPartition(store.db, { ...partition, mostKept: 1 }), busy)
  await assert.rejects(addPartition(store.db, day(5)), busy)
  assert.deepEqual(await added(), [partition])
  await reader.run('COMMIT')
  await reader[Symbol.asyncDispose]()
  assert.equal(await dropPartition(store.db, { ...partition, mostKept: 1 }), 0)
})

test('a history that is written while its partition is dropped is not lost', async () => {
  const range = day(3)
  await addPartition(store.db, range)
  const [partition] = await added()
  assert.ok(partition)
  const id = idAt(range.from)
  const writer = await openSql(store.url)
  await writer.run('BEGIN')
  await writer.run(
    `INSERT INTO execution (workspace_id, id, type, status, top_execution_id) VALUES ($1, $2, 'FLOW', 'WAITING_ENGINE', $2)`,
    [store.workspaceId, id],
  )
  await writer.run(
    `INSERT INTO savepoint (workspace_id, execution_id, generation, first_seq, last_seq, entries) VALUES ($1, $2, 1, 1, 1, '[]')`,
    [store.workspaceId, id],
  )
  // It found no execution, and waits now; what is committed meanwhile counts.
  const dropping = dropPartition(store.db, { ...partition, mostKept: 1 })
  const waiting = "SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
  while ((await store.sql(waiting)).length === 0) continue
  await writer.run('COMMIT')
  await writer[Symbol.asyncDispose]()
  assert.equal(await dropping, 1)
  assert.deepEqual(await places(), [[id, 'savepoint_rest']])
})

test('loading a batch opens only the partitions that its executions lie in', async () => {
  for (const days of [2, 3, 4, 5]) await addPartition(store.db, day(days))
  await using session = await openSql(store.url)
  const load = sql.loadForActivation.text
  await session.run('SET plan_cache_mode = force_generic_plan')
  await session.run(`PREPARE load (json, uuid, uuid, bigint) AS ${load}`)
  const [first, last] = [idAt(day(3).from), idAt(day(3).to - 1)]
  const rows = await session.run<{ 'QUERY PLAN': string }>(
    `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE load ('[]', '${first}', '${last}', 1000)`,
  )
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  const opened = [...plan.matchAll(/ on (savepoint_\w+)/g)].map(([, name]) => name)
  const [, partition] = await added()
  assert.deepEqual(opened, [partition?.name], plan)
})
