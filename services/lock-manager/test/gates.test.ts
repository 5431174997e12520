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
    'TRUNCATE execution, wait, answer, lock, lock_request, lock_holder, start_gate, flow, process_lease, shard_lease',
  ),
)
afterEach(() => bench.stopAll())

async function flow(limits: { concurrency?: object; rate_limit?: object }): Promise<string> {
  const id = newId()
  await bench.sql(
    `INSERT INTO flow (workspace_id, id, name, script_hash, concurrency, rate_limit)
     VALUES ($1, $2, $3, '\\x00', $4, $5)`,
    [
      bench.store.workspaceId,
      id,
      id,
      JSON.stringify(limits.concurrency ?? null),
      JSON.stringify(limits.rate_limit ?? null),
    ],
  )
  return id
}

/** What the creation of a run of a limited flow leaves behind. */
async function starts(count: number, ...keys: string[]): Promise<string[]> {
  const ids = await bench.store.executions(
    Array.from({ length: count }, () => ({ status: 'WAITING_LOCK' })),
  )
  for (const id of ids) {
    for (const [index, key] of keys.entries())
      await bench.store.seed('start_gate', [
        {
          workspace_id: bench.store.workspaceId,
          execution_id: id,
          ordinal: index + 1,
          key,
          capacity: 1,
        },
      ])
    await bench.acquire(id, keys[0] ?? '', { seq: 0 })
  }
  return ids
}

const ready = async (): Promise<string[]> =>
  (
    await bench.sql<{ id: string }>(
      `SELECT id FROM execution WHERE status = 'WAITING_ENGINE' ORDER BY id`,
    )
  ).map(({ id }) => id)

const settled = async () =>
  eventually(
    () => bench.sql('SELECT FROM shard_lease WHERE process_id IS NOT NULL'),
    Array.from({ length: 16 }, () => ({})),
  )

const end = (id: string) =>
  bench.sql(
    `UPDATE execution SET status = 'ENDED_SUCCESS', ended_at = clock(), version = version + 1 WHERE id = $1`,
    [id],
  )

test('as many of a flow start as there are places, in order, and the next when one has ended', async () => {
  const key = `concurrency:${await flow({ concurrency: { limit: 2 } })}`
  const ids = await starts(4, key)
  await bench.start({ sweepMs: 100 })
  await eventually(ready, ids.slice(0, 2))
  assert.deepEqual(await bench.answers(), [], 'a start is no call that could be answered')
  assert.deepEqual(
    await bench.sql('SELECT id, answered, version FROM execution WHERE id = $1', [ids[0]]),
    [{ id: ids[0], answered: 0, version: 2 }],
  )
  await end(ids[0] ?? '')
  await eventually(ready, ids.slice(1, 3))
})

test('a limit that is raised, or taken away, holds for those who wait', async () => {
  const id = await flow({ concurrency: { limit: 1 } })
  const key = `concurrency:${id}`
  const ids = await starts(6, key)
  await bench.start({ sweepMs: 100 })
  await eventually(ready, ids.slice(0, 1))
  await bench.sql(`UPDATE flow SET concurrency = '{"limit": 3}' WHERE id = $1`, [id])
  bench.nudge(key)
  await eventually(ready, ids.slice(0, 3))
  await bench.sql('UPDATE flow SET concurrency = NULL WHERE id = $1', [id])
  bench.nudge(key)
  await eventually(ready, ids)
})

test('a limit that is raised, or taken away, holds without a word of it', async () => {
  const [raised, freed] = [
    await flow({ concurrency: { limit: 1 } }),
    await flow({ rate_limit: { limit: 1, per_seconds: 3_600 } }),
  ]
  const places = await starts(3, `concurrency:${raised}`)
  const turns = await starts(3, `rate:${freed}:"a customer"`)
  await bench.start({ sweepMs: 20 })
  await eventually(ready, [places[0], turns[0]].toSorted())
  await bench.sql(`UPDATE flow SET concurrency = '{"limit": 2}' WHERE id = $1`, [raised])
  await bench.sql('UPDATE flow SET rate_limit = NULL WHERE id = $1', [freed])
  await eventually(ready, [...places.slice(0, 2), ...turns].toSorted())
})

test('thousands who waited for a limit that is taken away start in transactions that stay short', async () => {
  const id = await flow({ concurrency: { limit: 1 } })
  const key = `concurrency:${id}`
  const count = 2_500
  const ids = await bench.store.executions(
    Array.from({ length: count }, () => ({ status: 'WAITING_LOCK' })),
  )
  await bench.sql(
    `WITH w AS (
       INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, subject)
       SELECT $1, id, 1, 0, 'LOCK', $3 FROM unnest($2::uuid[]) AS d(id)
     )
     INSERT INTO lock_request (workspace_id, key, execution_id, generation, seq, action, capacity, ticket)
     SELECT $1, $3, id, 1, 0, 'acquire', 1, ordinal FROM unnest($2::uuid[]) WITH ORDINALITY AS d(id, ordinal)`,
    [bench.store.workspaceId, ids, key],
  )
  await bench.sql(
    'INSERT INTO lock (workspace_id, key, capacity, last_ticket) VALUES ($1, $2, 1, $3)',
    [bench.store.workspaceId, key, count],
  )
  await bench.sql('UPDATE flow SET concurrency = NULL WHERE id = $1', [id])
  await bench.start({ sweepMs: 60_000 })
  await settled()
  bench.nudge(key)
  await eventually(async () => (await ready()).length, count)
  const pages = await bench.sql<{ size: number }>(
    'SELECT count(*)::int AS size FROM lock_holder GROUP BY xmin::text',
  )
  assert.ok(pages.every(({ size }) => size <= 1_000))
  const tokens = await bench.sql<{ id: string }>(
    'SELECT execution_id AS id FROM lock_holder ORDER BY token',
  )
  assert.deepEqual(
    tokens.map((row) => row.id),
    ids,
    'in the order in which they came',
  )
})

test('no more start in any period than may, and a place is free by itself when it is over', async () => {
  const key = `rate:${await flow({ rate_limit: { limit: 2, per_seconds: 1 } })}`
  const ids = await starts(5, key)
  await bench.start({ sweepMs: 60_000 })
  await settled()
  bench.nudge(key)
  await eventually(ready, ids)
  // moved_at is when each was let go.
  const rows = await bench.sql<{ at: string }>(
    'SELECT extract(epoch FROM moved_at)::float8 AS at FROM execution ORDER BY id',
  )
  const times = rows.map(({ at }) => Number(at))
  for (const [index, at] of times.entries()) {
    const before = times[index - 2]
    if (before !== undefined) assert.ok(at - before >= 0.99, `${at} - ${before}`)
  }
})

test('the end of a run frees no turn in the rate', async () => {
  const key = `rate:${await flow({ rate_limit: { limit: 1, per_seconds: 3_600 } })}`
  const ids = await starts(2, key)
  await bench.start({ sweepMs: 100 })
  await eventually(ready, ids.slice(0, 1))
  await end(ids[0] ?? '')
  bench.nudge(key)
  await eventually(() => bench.sql('SELECT FROM lock_request WHERE ticket IS NOT NULL'), [{}])
  assert.deepEqual(await ready(), [])
})

test('who has a place goes on to its turn in the rate before it starts', async () => {
  const id = await flow({
    concurrency: { limit: 5 },
    rate_limit: { limit: 1, per_seconds: 3_600 },
  })
  const [place, rate] = [`concurrency:${id}`, `rate:${id}`]
  const ids = await starts(3, place, rate)
  await bench.start({ sweepMs: 100 })
  await eventually(ready, ids.slice(0, 1))
  await eventually(() => bench.sql('SELECT DISTINCT subject FROM wait'), [{ subject: rate }])
  const holders = await bench.sql<{ key: string; count: number }>(
    'SELECT key, count(*)::int AS count FROM lock_holder GROUP BY 1 ORDER BY 1',
  )
  assert.deepEqual(holders, [
    { key: place, count: 3 },
    { key: rate, count: 1 },
  ])
})

test('a parent that waits for a run of its own flow is told of the deadlock, and not the run', async () => {
  const key = `concurrency:${await flow({ concurrency: { limit: 1 } })}`
  const [parent = ''] = await starts(1, key)
  await bench.start({ sweepMs: 100, deadlockAfterMs: 100 })
  await eventually(ready, [parent])
  const [child = ''] = await starts(1, key)
  await bench.sql(
    `UPDATE execution SET status = 'WAITING_DEPENDENCY', version = version + 1 WHERE id = $1`,
    [parent],
  )
  await bench.store.wait(parent, { kind: 'DEPENDENCY', ref: child, return_when: 'ALL_SUCCEEDED' })
  await eventually(
    async () => (await bench.answers()).map(({ id, error }) => [id, error]),
    [[parent, 'DeadlockError']],
  )
  assert.deepEqual(await ready(), [parent])
})

test('a parent whose run comes to its gate long after it began to wait for it is told of the deadlock', async () => {
  const key = `concurrency:${await flow({ concurrency: { limit: 1 } })}`
  const [parent = ''] = await starts(1, key)
  const self = await bench.store.execution({ status: 'WAITING_DEPENDENCY' })
  const child = await bench.store.execution({ status: 'SCHEDULED' })
  await bench.store.wait(child, { seq: 0, kind: 'START', due_at: '2999-01-01T00:00:00Z' })
  await bench.start({ sweepMs: 100, deadlockAfterMs: 100 })
  await eventually(ready, [parent])
  await bench.sql(`UPDATE execution SET status = 'WAITING_DEPENDENCY' WHERE id = $1`, [parent])
  const since = '2020-01-01T00:00:00Z'
  await bench.store.wait(parent, {
    kind: 'DEPENDENCY',
    ref: child,
    return_when: 'ALL_ENDED',
    since,
  })
  const told = async () => (await bench.answers()).map(({ id, error }) => [id, error])
  // Proof that its wait is one that was looked at: a deadlock that is younger is broken.
  await bench.store.wait(self, { kind: 'DEPENDENCY', ref: self, return_when: 'ALL_ENDED' })
  await eventually(told, [[self, 'DeadlockError']])
  await bench.sql(`UPDATE execution SET status = 'WAITING_LOCK' WHERE id = $1`, [child])
  await bench.sql('DELETE FROM wait WHERE execution_id = $1', [child])
  await bench.acquire(child, key, { seq: 0 })
  await eventually(told, [
    [self, 'DeadlockError'],
    [parent, 'DeadlockError'],
  ])
})

test('the lock of a limit that nobody needs is gone, and is made anew', async () => {
  const key = `concurrency:${await flow({ concurrency: { limit: 1 } })}:"a customer"`
  const semaphore = 'semaphore:s'
  const [first = '', second = ''] = await starts(2, key)
  const user = await bench.store.execution({ status: 'WAITING_LOCK' })
  await bench.acquire(user, semaphore)
  await bench.start({ sweepMs: 20 })
  await eventually(ready, [first, user].toSorted())
  await end(first)
  await end(user)
  await eventually(ready, [second])
  await end(second)
  const locks = async () => (await bench.sql<{ key: string }>('SELECT key FROM lock')).map(keyOf)
  // What code has locked keeps its row: its tokens must rise.
  await eventually(locks, [semaphore])
  const [third = ''] = await starts(1, key)
  await eventually(ready, [third])
})

const keyOf = ({ key }: { key: string }): string => key
