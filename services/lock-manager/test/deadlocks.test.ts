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
    'TRUNCATE execution, wait, wait_member, answer, lock, lock_request, lock_holder, setting, process_lease, shard_lease',
  ),
)
afterEach(() => bench.stopAll())

const FAST = { sweepMs: 100, deadlockAfterMs: 100 }
const errors = async () =>
  (await bench.answers()).filter(({ error }) => error !== null).map(({ id, error }) => [id, error])
const message = async () =>
  (
    await bench.sql<{ text: string }>(
      `SELECT outcome #>> '{error,message}' AS text FROM answer WHERE outcome ->> 'kind' = 'error'`,
    )
  )[0]?.text ?? ''

async function hold(id: string, key: string, seq: number): Promise<void> {
  await bench.acquire(id, key, { seq })
  await eventually(
    () => bench.sql('SELECT FROM lock_holder WHERE execution_id = $1 AND key = $2', [id, key]),
    [{}],
  )
  await bench.sql(`UPDATE execution SET status = 'WAITING_LOCK' WHERE id = $1`, [id])
}

test('two that take two locks in opposite order: the younger gets the error, the elder the lock', async () => {
  const setting = newId()
  await bench.store.seed('setting', [
    { workspace_id: bench.store.workspaceId, id: setting, name: 'deploy' },
  ])
  const [elder = '', younger = ''] = await bench.store.executions([
    { status: 'WAITING_LOCK', name: 'first' },
    { status: 'WAITING_LOCK', name: 'second' },
  ])
  await bench.start(FAST)
  await hold(elder, `setting:${setting}`, 1)
  await hold(younger, 'semaphore:b', 1)
  await bench.acquire(elder, 'semaphore:b', { seq: 2 })
  await bench.acquire(younger, `setting:${setting}`, { seq: 2 })
  await eventually(errors, [[younger, 'DeadlockError']])
  const text = await message()
  assert.match(
    text,
    new RegExp(`second \\(${younger}\\) waits for lock deploy, which first \\(${elder}\\) holds`),
  )
  // The victim lets go (its code catches or ends), and the elder goes on.
  await bench.release(younger, 'semaphore:b', 3)
  await eventually(
    async () =>
      (await bench.answers()).some(
        ({ id, seq, token }) => id === elder && seq === 2 && token !== null,
      ),
    true,
  )
  assert.deepEqual(await errors(), [[younger, 'DeadlockError']], 'one error is enough')
})

test('a parent that holds what its child wants', async () => {
  const parent = await bench.store.execution({ status: 'WAITING_LOCK' })
  const child = await bench.store.execution({ status: 'WAITING_LOCK', parent_execution_id: parent })
  await bench.start(FAST)
  await hold(parent, 'semaphore:a', 1)
  await bench.sql(`UPDATE execution SET status = 'WAITING_DEPENDENCY' WHERE id = $1`, [parent])
  await bench.store.wait(parent, {
    seq: 2,
    kind: 'DEPENDENCY',
    return_when: 'ALL_SUCCEEDED',
    ref: child,
  })
  await bench.acquire(child, 'semaphore:a')
  await eventually(errors, [[child, 'DeadlockError']])
})

test('two that wait for each other to end', async () => {
  const [a = '', b = ''] = await bench.store.executions([
    { status: 'WAITING_DEPENDENCY' },
    { status: 'WAITING_DEPENDENCY' },
  ])
  await bench.store.wait(a, { kind: 'DEPENDENCY', return_when: 'ALL_ENDED', ref: b })
  await bench.store.wait(b, { kind: 'DEPENDENCY', return_when: 'ALL_ENDED', ref: a })
  await bench.start(FAST)
  await eventually(errors, [[b, 'DeadlockError']])
})

test('what can still move is left alone', async () => {
  const [holder = '', waiter = '', other = ''] = await bench.store.executions(
    Array.from({ length: 3 }, () => ({ status: 'WAITING_LOCK' })),
  )
  await bench.start(FAST)
  await hold(holder, 'semaphore:a', 1)
  await hold(waiter, 'semaphore:b', 1)
  await bench.acquire(waiter, 'semaphore:a', { seq: 2 })
  await bench.acquire(holder, 'semaphore:b', { seq: 2 })
  // Promise.race: a sleep beside it may yet free the cycle.
  await bench.store.wait(holder, { seq: 3, kind: 'TIMER', due_at: '2099-01-01T00:00:00Z' })
  // Proof that the detector has looked meanwhile: a real deadlock beside it is broken.
  const self = await bench.store.execution({ status: 'WAITING_DEPENDENCY' })
  await bench.store.wait(self, { kind: 'DEPENDENCY', return_when: 'ALL_ENDED', ref: self })
  await eventually(errors, [[self, 'DeadlockError']])
  assert.ok(other !== '')
})

test('a request that is not served yet is no wait: its holder asks again, or has let go', async () => {
  const [again = '', elder = '', younger = ''] = await bench.store.executions(
    Array.from({ length: 3 }, () => ({ status: 'WAITING_LOCK' })),
  )
  // Nothing is served but what is nudged, as when the lock-manager has much to do.
  await bench.start({ sweepMs: 60_000, deadlockAfterMs: 100 })
  const held = async (id: string, key: string): Promise<void> => {
    await bench.acquire(id, key)
    await eventually(async () => {
      bench.nudge(key)
      return bench.sql('SELECT FROM lock_holder WHERE execution_id = $1 AND key = $2', [id, key])
    }, [{}])
  }
  await held(again, 'semaphore:again')
  await held(elder, 'semaphore:a')
  await held(younger, 'semaphore:b')
  await bench.sql(`UPDATE execution SET status = 'WAITING_LOCK'`)

  await bench.acquire(again, 'semaphore:again', { seq: 2 })
  await bench.acquire(elder, 'semaphore:b', { seq: 2 })
  await bench.release(younger, 'semaphore:b', 2)
  await bench.acquire(younger, 'semaphore:a', { seq: 3 })
  const second = async (id: string) =>
    (await bench.answers())
      .filter((answer) => answer.id === id && answer.seq === 2)
      .map(({ error }) => error)
  await eventually(() => second(again), [null])
  await eventually(() => second(elder), [null])
  assert.deepEqual(await errors(), [])
})

test('a deadlock behind more waiters than one look begins with is found', async () => {
  const [elder = '', younger = ''] = await bench.store.executions([
    { status: 'WAITING_LOCK' },
    { status: 'WAITING_LOCK' },
  ])
  await bench.sql(
    `INSERT INTO wait (workspace_id, execution_id, generation, seq, kind, subject, since)
     SELECT $1, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, 1, 'LOCK', 'semaphore:busy', '2020-01-01Z'
     FROM generate_series(1, 25000) n`,
    [bench.store.workspaceId],
  )
  await bench.start(FAST)
  await hold(elder, 'semaphore:a', 1)
  await hold(younger, 'semaphore:b', 1)
  await bench.acquire(elder, 'semaphore:b', { seq: 2 })
  await bench.acquire(younger, 'semaphore:a', { seq: 2 })
  await eventually(errors, [[younger, 'DeadlockError']])
})
