import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { freePort } from '@millrace/runtime'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

let bench: SchedulerBench
before(async () => {
  bench = await startBench()
})
after(() => bench.close())
beforeEach(() => bench.sql('TRUNCATE execution, wait, answer, process_lease, shard_lease'))
afterEach(() => bench.stopAll())

const FAST = { sweepPauseMs: 100, openForMs: 100 }
const openWaits = async () => (await bench.sql('SELECT FROM wait')).length

async function sleeper(): Promise<void> {
  const id = await bench.store.execution({ status: 'SCHEDULED' })
  await bench.store.wait(id, { due_at: '2020-01-01T00:00:00Z' })
}

test('without Postgres it starts, is not ready, and stops', async () => {
  const postgresUrl = `postgres://nobody@127.0.0.1:${await freePort()}/none`
  const copy = await bench.start({ postgresUrl })
  assert.equal(await copy.ready(), false)
})

test('with NATS away from the start, everything is found', async () => {
  const copy = await bench.start({ ...FAST, natsUrl: `nats://127.0.0.1:${await freePort()}` })
  await sleeper()
  const over = await bench.store.execution({
    status: 'ENDED_SUCCESS',
    ended_at: '2020-01-01T00:00:00Z',
  })
  const parent = await bench.store.execution({ status: 'WAITING_DEPENDENCY' })
  await bench.store.wait(parent, { kind: 'DEPENDENCY', ref: over, return_when: 'ALL_ENDED' })
  await eventually(openWaits, 0)
  assert.equal(await copy.ready(), true)
})

test('when every connection to Postgres breaks, it goes on with new ones', async () => {
  await bench.start(FAST)
  for (let round = 0; round < 5; round += 1) {
    await sleeper()
    await bench.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace-scheduler'`,
    )
  }
  await eventually(openWaits, 0, 30_000)
})
