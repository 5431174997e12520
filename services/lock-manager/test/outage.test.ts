import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { freePort } from '@millrace/runtime'
import { eventually, startLockBench, type LockBench } from './lock-bench.ts'

let bench: LockBench
before(async () => {
  bench = await startLockBench()
})
after(() => bench.close())
beforeEach(() =>
  bench.sql(
    'TRUNCATE execution, wait, answer, lock, lock_request, lock_holder, process_lease, shard_lease',
  ),
)
afterEach(() => bench.stopAll())

const granted = async () => (await bench.answers()).length

test('without Postgres it starts, is not ready, and stops', async () => {
  const copy = await bench.start({
    postgresUrl: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
  })
  assert.equal(await copy.ready(), false)
})

test('with NATS away from the start, locks are served', async () => {
  await bench.start({ natsUrl: `nats://127.0.0.1:${await freePort()}` })
  const id = await bench.store.execution({ status: 'WAITING_LOCK' })
  await bench.acquire(id, 'semaphore:a')
  await eventually(granted, 1)
})

test('when every connection to Postgres breaks, it goes on with new ones', async () => {
  await bench.start()
  for (let round = 1; round <= 5; round += 1) {
    const id = await bench.store.execution({ status: 'WAITING_LOCK' })
    await bench.acquire(id, `semaphore:${round}`)
    bench.nudge(`semaphore:${round}`)
    await bench.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace-lock-manager'`,
    )
  }
  await eventually(granted, 5, 30_000)
})
