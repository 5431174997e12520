import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { schedulerService } from '@millrace/wire'
import { eventually, startBench, type SchedulerBench } from './scheduler-bench.ts'

let bench: SchedulerBench
before(async () => {
  bench = await startBench()
})
after(() => bench.close())

test('a scheduler tells which shards it holds and what lies before it', async () => {
  await bench.start()
  await eventually(
    async () => (await bench.sql('SELECT FROM shard_lease WHERE process_id IS NOT NULL')).length,
    16,
  )
  for (const seq of [1, 2])
    await bench.store.wait(await bench.store.execution({ status: 'SCHEDULED' }), {
      seq,
      due_at: '2099-01-01T00:00:00Z',
    })
  await bench.store.wait(await bench.store.execution({ status: 'WAITING_DEPENDENCY' }), {
    kind: 'DEPENDENCY',
    ref: await bench.store.execution({ id: newId() }),
  })
  const [row] = await bench.sql<{ address: string; id: string }>(
    `SELECT address, process_id AS id FROM process_lease WHERE service = 'scheduler'`,
  )
  const client = createGrpcClient(schedulerService, row?.address ?? '')
  const seen = await client.inspect({})
  client.close()
  assert.equal(seen.processId, row?.id)
  assert.deepEqual(
    seen.shards.map(({ shard, term }) => [shard, term]),
    Array.from({ length: 16 }, (_, shard) => [shard, 1n]),
  )
  assert.deepEqual(
    [seen.timersDue, seen.timersAhead, seen.dependenciesOpen, seen.nextDueAt?.getUTCFullYear()],
    [0n, 2n, 1n, 2099],
  )
})
