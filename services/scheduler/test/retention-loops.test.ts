import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { payloadOf, putPayloads, readPartitions } from '@millrace/store'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

let bench: SchedulerBench
before(async () => {
  bench = await startBench()
  await bench.store.seed('workspace', [
    { id: bench.store.workspaceId, name: 'one', created_at: new Date().toISOString() },
  ])
})
after(() => bench.close())

const past = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString()
/** An execution that was born, and perhaps has ended, so many minutes ago. */
const plant = (born: number, ended: number | null): Promise<string> => {
  const hex = (Date.now() - born * 60_000).toString(16).padStart(12, '0')
  const serial = born.toString(16).padStart(12, '0')
  const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${serial}`
  return bench.store.execution({
    id,
    top_execution_id: id,
    moved_at: past(0),
    ...(ended === null ? {} : { status: 'ENDED_SUCCESS', ended_at: past(ended) }),
  })
}
const left = async () =>
  (await bench.sql<{ id: string }>('SELECT id FROM execution ORDER BY id')).map(({ id }) => id)
const partitions = async () => (await readPartitions(bench.store.db)).partitions

test('two schedulers remove what had its time, keep the rest, and make partitions ahead', async () => {
  await plant(30, 20)
  const kept = [await plant(29, null), await plant(28, 1)]
  const { workspaceId } = bench.store
  const payload = payloadOf(workspaceId, JSON.stringify('x'.repeat(40_000)))
  assert.ok(payload)
  await putPayloads(bench.store.db, [payload])
  await bench.sql(`UPDATE payload SET used_at = clock() - interval '1 hour'`)
  for (let copy = 0; copy < 2; copy++)
    await bench.start({ retentionMinutes: 10, partitionMinutes: 5 })
  await eventually(left, kept)
  await eventually(() => bench.sql('SELECT FROM payload'), [])
  await eventually(async () => (await partitions()).length >= 6, true)
  const { at } = await readPartitions(bench.store.db)
  for (const table of ['savepoint', 'answer', 'log']) {
    const ends = (await partitions()).flatMap(({ of, to }) => (of === table ? [to] : []))
    assert.ok(Math.max(...ends) >= at + 5 * 60_000)
    assert.equal(new Set(ends).size, ends.length)
  }
  await bench.stopAll()
})

test('what cannot be removed from one workspace stops no other', async () => {
  const stuck = '00000000-0000-7000-8000-000000000001'
  const created_at = new Date().toISOString()
  await bench.store.seed('workspace', [{ id: stuck, name: 'stuck', created_at }])
  const old = { workspace_id: stuck, status: 'ENDED_SUCCESS', ended_at: past(20) }
  const id = '00000000-0000-7000-8000-000000000002'
  await bench.store.execution({ ...old, id, top_execution_id: id })
  const kept = (await left()).filter((one) => one !== id)
  await plant(27, 20)
  await bench.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'this one stays'; END $$`)
  await bench.sql(`CREATE TRIGGER refuse BEFORE DELETE ON execution
    FOR EACH ROW WHEN (OLD.workspace_id = '${stuck}') EXECUTE FUNCTION refuse()`)
  await bench.start({ retentionMinutes: 10, partitionMinutes: 5 })
  await eventually(left, [id, ...kept])
  await bench.stopAll()
  await bench.sql('DROP TRIGGER refuse ON execution')
  await bench.sql('DELETE FROM execution WHERE id = $1', [id])
})

test('with a retention of 0 nothing is ever removed', async () => {
  const before = await left()
  const old = await plant(60_000, 50_000)
  await bench.start({ retentionMinutes: 0, partitionMinutes: 60 })
  // Partitions of an hour are made after the loops have begun.
  await eventually(async () => (await partitions()).some(({ to }) => to % 3_600_000 === 0), true)
  assert.deepEqual(await left(), [old, ...before])
})
