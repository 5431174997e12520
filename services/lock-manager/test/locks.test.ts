import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { eventually, startLockBench, type LockBench } from './lock-bench.ts'

let bench: LockBench
before(async () => {
  bench = await startLockBench()
})
after(() => bench.close())
beforeEach(() =>
  bench.sql(
    'TRUNCATE execution, wait, answer, lock, lock_request, lock_holder, audit, process_lease, shard_lease',
  ),
)
afterEach(() => bench.stopAll())

const KEY = 'semaphore:deploy'
const NO_SWEEP = { sweepMs: 600_000 }
const contenders = (count: number, row = {}) =>
  bench.store.executions(Array.from({ length: count }, () => ({ status: 'WAITING_LOCK', ...row })))
const granted = async () => (await bench.answers()).map(({ id }) => id)
const settled = async () =>
  eventually(
    () => bench.sql('SELECT FROM shard_lease WHERE process_id IS NOT NULL'),
    Array.from({ length: 16 }, () => ({})),
  )

for (const count of [10, 100])
  test(`${count} contenders get the lock in the order in which they asked, one at a time, by two copies`, async () => {
    await bench.start()
    await bench.start()
    await settled()
    const ids = await contenders(count)
    for (const [place, id] of ids.entries())
      await bench.acquire(id, KEY, {
        requestedAt: new Date(1_700_000_000_000 + place).toISOString(),
      })
    // Every nudge twice, and some of them late.
    for (const [place, id] of ids.entries()) {
      bench.nudge(KEY, KEY)
      await eventually(async () => (await granted()).length, place + 1)
      const holders = await bench.sql<{ id: string }>('SELECT execution_id AS id FROM lock_holder')
      assert.deepEqual(holders, [{ id }])
      await bench.release(id, KEY, 2)
      bench.nudge(KEY)
    }
    await eventually(() => bench.sql('SELECT FROM lock_holder'), [])
    const answers = await bench.answers()
    assert.deepEqual(
      answers.map(({ id }) => id),
      ids,
    )
    assert.deepEqual(
      answers.map(({ token }) => token),
      ids.map((_, place) => place + 1),
    )
    assert.deepEqual(await bench.sql('SELECT FROM lock_request'), [])
  })

test('a queue longer than what is read at once is served in order, past those who have left', async () => {
  const ids = await contenders(600)
  // Each gives it back right after; every seventh has stopped waiting, and some are in a row.
  await bench.sql(
    `WITH one AS (
       SELECT id, place, place % 7 = 3 OR place BETWEEN 200 AND 300 AS has_left
       FROM unnest($2::uuid[]) WITH ORDINALITY AS u(id, place)
     ), waits AS (
       INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, subject)
       SELECT $1, id, 1, 1, 'LOCK', $3 FROM one WHERE NOT has_left
     )
     INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, requested_at)
     SELECT $1, $3, id, 1, n, CASE n WHEN 1 THEN 'acquire' ELSE 'release' END,
       clock() - interval '1 hour' + (place * 2 + n) * interval '1 ms'
     FROM one, generate_series(1, 2) n`,
    [bench.store.workspaceId, ids, KEY],
  )
  await bench.start(NO_SWEEP)
  await settled()
  bench.nudge(KEY)
  const stay = ids.filter((_, index) => {
    const place = index + 1
    return place % 7 !== 3 && (place < 200 || place > 300)
  })
  await eventually(async () => (await granted()).length, stay.length)
  const answers = await bench.answers()
  assert.deepEqual(
    answers.toSorted((a, b) => Number(a.token) - Number(b.token)).map(({ id }) => id),
    stay,
  )
  assert.deepEqual(await bench.sql('SELECT FROM lock_request'), [])
  assert.deepEqual(await bench.sql('SELECT FROM lock_holder'), [])
})

test('no nudge at all: requests, releases and ends are found', async () => {
  await bench.start({ sweepMs: 100 })
  const [first = '', second = '', third = ''] = await contenders(3)
  await bench.acquire(first, KEY)
  await eventually(granted, [first])
  await bench.acquire(second, KEY)
  await bench.acquire(third, KEY)
  await bench.release(first, KEY, 2)
  await eventually(granted, [first, second])
  await bench.sql(`UPDATE execution SET status = 'ENDED_ERROR', ended_at = clock() WHERE id = $1`, [
    second,
  ])
  await eventually(granted, [first, second, third])
})

test('an end that is announced frees what was held', async () => {
  await bench.start(NO_SWEEP)
  await settled()
  const [holder = '', waiter = ''] = await contenders(2)
  await bench.acquire(holder, KEY)
  await bench.acquire(waiter, KEY)
  bench.nudge(KEY)
  await eventually(granted, [holder])
  await bench.sql(
    `UPDATE execution SET status = 'ENDED_SUCCESS', ended_at = clock() WHERE id = $1`,
    [holder],
  )
  bench.bus.publishEnded([
    { workspaceId: bench.store.workspaceId, executionId: holder, status: 'ENDED_SUCCESS' },
  ])
  await eventually(granted, [holder, waiter])
})

test('a waiter that timed out, ended or was reverted is passed over', async () => {
  const [holder = '', late = '', over = '', reverted = '', next = ''] = await contenders(5)
  for (const id of [holder, late, over, reverted, next]) await bench.acquire(id, KEY)
  await bench.start(NO_SWEEP)
  await settled()
  bench.nudge(KEY)
  await eventually(granted, [holder])
  await bench.sql('DELETE FROM wait WHERE execution_id = $1', [late])
  await bench.sql(
    `UPDATE execution SET status = 'ENDED_CANCELLED', ended_at = clock() WHERE id = $1`,
    [over],
  )
  await bench.sql('UPDATE wait SET generation = 2 WHERE execution_id = $1', [reverted])
  await bench.release(holder, KEY, 2)
  bench.nudge(KEY)
  await eventually(granted, [holder, next])
  assert.deepEqual(await bench.sql('SELECT FROM lock_request'), [])
})

test('a semaphore lets as many in as it has slots', async () => {
  await bench.start(NO_SWEEP)
  await settled()
  const ids = await contenders(5)
  for (const id of ids) await bench.acquire(id, KEY, { capacity: 3 })
  bench.nudge(KEY)
  await eventually(granted, ids.slice(0, 3))
  await bench.release(ids[1] ?? '', KEY, 2)
  bench.nudge(KEY)
  await eventually(granted, ids.slice(0, 4))
})

test('a paused holder keeps its lock, a reverted one does not', async () => {
  await bench.start({ sweepMs: 100 })
  const [holder = '', waiter = ''] = await contenders(2)
  await bench.acquire(holder, KEY)
  await eventually(granted, [holder])
  await bench.sql(
    `UPDATE execution SET status = 'PAUSED', beneath = 'WAITING_ENGINE' WHERE id = $1`,
    [holder],
  )
  await bench.acquire(waiter, KEY)
  await eventually(() => bench.sql('SELECT FROM lock_request WHERE ticket IS NOT NULL'), [{}])
  assert.deepEqual(await granted(), [holder])
  await bench.sql('UPDATE execution SET generation = 2 WHERE id = $1', [holder])
  await eventually(granted, [holder, waiter])
})

test('many locks are served together', async () => {
  await bench.start()
  await settled()
  const ids = await contenders(300)
  const keys = ids.map((_, place) => `semaphore:${place}`)
  for (const [place, id] of ids.entries()) await bench.acquire(id, keys[place] ?? '')
  bench.nudge(...keys)
  await eventually(async () => new Set(await granted()).size, 300)
})

test('the shards of a copy that dies are served within their lease', async () => {
  await bench.sql(
    `INSERT INTO shard_lease (service, shard, process_id, term, expires_at)
     SELECT 'lock-manager', s, $1, 5, clock() + interval '1 s' FROM generate_series(0, 15) s`,
    [newId()],
  )
  const [id = ''] = await contenders(1)
  await bench.acquire(id, KEY)
  await bench.start()
  await eventually(granted, [id])
})
