import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { lockService } from '@millrace/wire'
import { eventually, startLockBench, type LockBench } from './lock-bench.ts'

let bench: LockBench
before(async () => {
  bench = await startLockBench()
})
after(() => bench.close())

test('a lock is inspected, taken from its holder with an audit entry, and goes to the next', async () => {
  await bench.start({ sweepMs: 100 })
  const { workspaceId } = bench.store
  const address = async () =>
    (
      await bench.sql<{ address: string }>(
        `SELECT address FROM process_lease WHERE service = 'lock-manager'`,
      )
    )[0]?.address
  await eventually(async () => (await address()) !== undefined, true)
  const client = createGrpcClient(lockService, (await address()) ?? '')
  const [holder = '', waiter = ''] = await bench.store.executions([
    { status: 'WAITING_LOCK' },
    { status: 'WAITING_LOCK' },
  ])
  const key = 'semaphore:press'
  await bench.acquire(holder, key)
  await eventually(async () => (await bench.answers()).length, 1)
  await bench.acquire(waiter, key)
  await eventually(() => bench.sql('SELECT FROM lock_request WHERE ticket IS NOT NULL'), [{}])

  const { locks } = await client.inspect({ workspaceId, key: undefined, limit: undefined })
  assert.deepEqual(
    locks.map((lock) => [
      lock.key,
      lock.holders.map((one) => [one.executionId, one.token]),
      lock.waiters.map((one) => [one.executionId, one.position]),
    ]),
    [[key, [[holder, 1n]], [[waiter, 1]]]],
  )

  const userId = newId()
  const request = { workspaceId, key, executionId: holder, reason: 'stuck press', userId }
  assert.deepEqual(await client.forceRelease({ ...request, token: 9n }), { released: false })
  assert.deepEqual(await client.forceRelease({ ...request, token: 1n }), { released: true })
  await eventually(
    async () => (await bench.answers()).map(({ id, token }) => [id, token]),
    [
      [holder, 1],
      [waiter, 2],
    ],
  )
  const audit = await bench.sql('SELECT actor_id, action, subject, details FROM audit')
  const details = { execution_id: holder, token: 1, reason: 'stuck press' }
  assert.deepEqual(audit, [
    { actor_id: userId, action: 'lock.force_release', subject: key, details },
  ])

  const [one] = (await client.inspect({ workspaceId, key: 'semaphore:never', limit: undefined }))
    .locks
  assert.deepEqual([one?.capacity, one?.holders, one?.waiterCount], [1, [], 0])
  client.close()
})
