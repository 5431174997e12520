import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

let bench: SchedulerBench
before(async () => {
  bench = await startBench()
})
after(() => bench.close())
beforeEach(() =>
  bench.sql('TRUNCATE execution, wait, answer, lock_request, process_lease, shard_lease'),
)
afterEach(() => bench.stopAll())

/** Executions with one wait each, due `inMs` from now by Postgres's clock. */
async function seedDue(count: number, inMs: number, kind = 'TIMER'): Promise<void> {
  const ids = Array.from({ length: count }, () => newId())
  await bench.sql(
    `WITH e AS (
       INSERT INTO execution (workspace_id, id, type, status, top_execution_id)
       SELECT $1, id, 'FLOW', 'SCHEDULED', id FROM unnest($2::uuid[]) AS id RETURNING id
     )
     INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, due_at)
     SELECT $1, id, 1, CASE WHEN $4 = 'START' THEN 0 ELSE 1 END, $4, clock() + $3 * interval '1 ms' FROM e`,
    [bench.store.workspaceId, ids, inMs, kind],
  )
}

const openWaits = async (): Promise<number> =>
  (await bench.sql<{ n: number }>('SELECT count(*)::int AS n FROM wait'))[0]?.n ?? -1

test('ten thousand timers due at once are answered once each and never early, by two copies', async () => {
  await bench.start({ timerBatch: 500 })
  await bench.start({ timerBatch: 500 })
  await eventually(
    async () =>
      (await bench.sql('SELECT DISTINCT process_id FROM shard_lease WHERE process_id IS NOT NULL'))
        .length,
    2,
  )
  await seedDue(10_000, 1_500)
  const [due] = await bench.sql<{ at: Date }>('SELECT min(due_at) AS at FROM wait')
  await eventually(openWaits, 0, 30_000)
  const [row] = await bench.sql<Record<string, unknown>>(
    `SELECT count(*)::int AS answers, count(DISTINCT execution_id)::int AS executions, max(position) AS position,
       min(created_at) >= $1 AS never_early FROM answer`,
    [due?.at],
  )
  assert.deepEqual(row, { answers: 10_000, executions: 10_000, position: 1, never_early: true })
  const [moved] = await bench.sql<Record<string, unknown>>(
    'SELECT count(*)::int AS n, min(version) AS least, max(version) AS most, min(status) AS status FROM execution',
  )
  assert.deepEqual(moved, { n: 10_000, least: 2, most: 2, status: 'WAITING_ENGINE' })
})

test('a start time leaves no answer, a timeout says so', async () => {
  await seedDue(1, -1, 'START')
  await seedDue(1, -1, 'RESPONSE')
  await bench.start()
  await eventually(openWaits, 0)
  const answers = await bench.sql<{ outcome: unknown }>('SELECT outcome FROM answer')
  assert.deepEqual(answers, [{ outcome: { kind: 'timeout' } }])
})

test('a nudge shortens the sleep', async () => {
  await bench.start()
  await eventually(
    async () => (await bench.sql('SELECT FROM shard_lease WHERE process_id IS NOT NULL')).length,
    16,
  )
  for (let round = 0; round < 5; round += 1) {
    await seedDue(1, 50)
    bench.bus.nudgeTimers(Date.now() + 50)
    await eventually(openWaits, 0)
  }
  const [row] = await bench.sql<{ late: number }>(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM a.created_at - e.created_at))::float8 AS late
     FROM answer a JOIN execution e ON e.id = a.execution_id`,
  )
  assert.ok((row?.late ?? 9) < 0.25, `median ${row?.late} s after birth, due after 0.05`)
})

test('a wait of an execution that is not there does not hold up the others', async () => {
  await bench.store.wait(newId(), { due_at: '2020-01-01T00:00:00Z' })
  await seedDue(3, -1)
  await bench.start({ timerBatch: 1 })
  await eventually(openWaits, 0)
})

test('a copy whose lease is gone does not ask again and again for what is due', async () => {
  await bench.start()
  const ours = 'SELECT FROM shard_lease WHERE process_id IS NOT NULL'
  await eventually(async () => (await bench.sql(ours)).length > 0, true)
  await bench.sql('UPDATE shard_lease SET process_id = $1', [newId()])
  await seedDue(1, -1)
  const looks = bench.statements('timers.nextDue')
  const renewals = bench.statements('shard-leases.renewShards')
  bench.bus.nudgeTimers(Date.now())
  // The second renewal has seen what the first has read.
  await eventually(async () => bench.statements('shard-leases.renewShards') >= renewals + 2, true)
  assert.ok(bench.statements('timers.nextDue') - looks < 40, 'it hammers Postgres')
})

test('the shards of a copy that dies are served within their lease', async () => {
  const dead = newId()
  await bench.sql(
    `INSERT INTO shard_lease (service, shard, process_id, term, expires_at)
     SELECT 'scheduler', s, $1, 5, clock() + interval '1 s' FROM generate_series(0, 15) s`,
    [dead],
  )
  await bench.start()
  await seedDue(20, -1)
  await eventually(openWaits, 0)
  assert.deepEqual(await bench.sql('SELECT DISTINCT term::int AS term FROM shard_lease'), [
    { term: 6 },
  ])
})
