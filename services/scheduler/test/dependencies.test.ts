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
  bench.sql('TRUNCATE execution, wait, wait_member, answer, process_lease, shard_lease'),
)
afterEach(() => bench.stopAll())

// The sweep would find all of it as well: these tests are about nudges.
const NO_SWEEP = { openForMs: 600_000, readyForMs: 600_000 }
const over = { status: 'ENDED_SUCCESS', ended_at: new Date().toISOString(), output: { ok: true } }

async function family(children: number): Promise<{ parent: string; ids: string[] }> {
  const parent = await bench.store.execution({ status: 'WAITING_DEPENDENCY' })
  const ids = await bench.store.executions(Array.from({ length: children }, () => over))
  return { parent, ids }
}

const waitsOn = (parent: string, ids: readonly string[]) =>
  ids.map((ref, index) => ({
    workspace_id: bench.store.workspaceId,
    execution_id: parent,
    generation: 1,
    seq: index + 1,
    kind: 'DEPENDENCY',
    return_when: 'ALL_SUCCEEDED',
    ref,
  }))

const ended = (ids: readonly string[]) =>
  ids.map((executionId) => ({
    workspaceId: bench.store.workspaceId,
    executionId,
    status: 'ENDED_SUCCESS' as const,
  }))

const parentRow = async (id: string) =>
  (
    await bench.sql<{ status: string; version: number; answered: number }>(
      'SELECT status, version, answered FROM execution WHERE id = $1',
      [id],
    )
  )[0]

test('a thousand calls of one parent that end in batches move it once and are answered once each', async () => {
  await bench.start(NO_SWEEP)
  await bench.start(NO_SWEEP)
  const { parent, ids } = await family(1_000)
  await bench.store.seed('wait', waitsOn(parent, ids))
  for (let at = 0; at < ids.length; at += 50) bench.bus.publishEnded(ended(ids.slice(at, at + 50)))
  for (let at = 0; at < ids.length; at += 100)
    bench.bus.publishEnded(ended(ids.slice(at, at + 100))) // all of it twice
  await eventually(() => parentRow(parent), {
    status: 'WAITING_ENGINE',
    version: 2,
    answered: 1_000,
  })
  const [row] = await bench.sql<Record<string, unknown>>(
    'SELECT count(*)::int AS n, count(DISTINCT seq)::int AS seqs, max(position) AS last FROM answer',
  )
  assert.deepEqual(row, { n: 1_000, seqs: 1_000, last: 1_000 })
})

test('a wait for a thousand is answered once, when the last has ended', async () => {
  await bench.start(NO_SWEEP)
  const parent = await bench.store.execution({ status: 'WAITING_DEPENDENCY' })
  const ids = await bench.store.executions(
    Array.from({ length: 1_000 }, () => ({ status: 'SCHEDULED' })),
  )
  await bench.store.wait(parent, { kind: 'DEPENDENCY', return_when: 'ALL_SUCCEEDED' })
  await bench.store.seed(
    'wait_member',
    ids.map((member_id, ordinal) => ({
      workspace_id: bench.store.workspaceId,
      execution_id: parent,
      seq: 1,
      member_id,
      ordinal,
    })),
  )
  for (let at = 0; at < ids.length; at += 250) {
    const some = ids.slice(at, at + 250)
    assert.deepEqual((await parentRow(parent))?.status, 'WAITING_DEPENDENCY')
    await bench.sql(
      `UPDATE execution SET status = 'ENDED_SUCCESS', ended_at = clock() WHERE id = ANY ($1)`,
      [some],
    )
    bench.bus.publishEnded(ended(some))
  }
  await eventually(() => parentRow(parent), { status: 'WAITING_ENGINE', version: 2, answered: 1 })
  const [row] = await bench.sql<{ outcome: { ended: { id: string }[] } }>(
    'SELECT outcome FROM answer',
  )
  assert.deepEqual(
    row?.outcome.ended.map(({ id }) => id),
    ids,
  )
  assert.deepEqual(await bench.sql('SELECT FROM wait_member'), [])
})

test('waits whose answers are too much for one batch are all answered', async () => {
  await bench.start(NO_SWEEP)
  const { workspaceId } = bench.store
  const hash = `\\x${'ef'.repeat(32)}`
  const payload = { workspace_id: workspaceId, hash, size: 30 * 2 ** 20, body: '"x"' }
  await bench.store.seed('payload', [payload])
  const [child = ''] = await bench.store.executions([{ ...over, output: null, output_hash: hash }])
  const parents = await bench.store.executions(
    Array.from({ length: 3 }, () => ({ status: 'WAITING_DEPENDENCY' })),
  )
  for (const parent of parents) {
    await bench.store.wait(parent, { kind: 'DEPENDENCY', return_when: 'ALL_SUCCEEDED' })
    const member = { workspace_id: workspaceId, execution_id: parent, seq: 1, member_id: child }
    await bench.store.seed('wait_member', [{ ...member, ordinal: 0 }])
  }
  bench.bus.publishEnded(ended([child]))
  await eventually(() => bench.sql('SELECT count(*)::int AS answers FROM answer'), [{ answers: 3 }])
})

test('a wait that is opened on what has ended already is answered by its nudge', async () => {
  await bench.start(NO_SWEEP)
  const { parent, ids } = await family(1)
  await bench.store.seed('wait', waitsOn(parent, ids))
  bench.bus.nudgeDependencies([
    { workspaceId: bench.store.workspaceId, executionId: parent, seq: 1 },
  ])
  await eventually(async () => (await parentRow(parent))?.answered, 1)
})

test('the engine that keeps a parent warm is told with the answer, another gets it by dispatch', async () => {
  const engine = newId()
  await bench.sql(
    `INSERT INTO process_lease (process_id, service, expires_at) VALUES ($1, 'engine', clock() + interval '1 h')`,
    [engine],
  )
  const warm = await bench.store.execution({ status: 'WAITING_DEPENDENCY', process_id: engine })
  const cold = await bench.store.execution({ status: 'WAITING_DEPENDENCY', process_id: newId() })
  const resumed: unknown[] = []
  const dispatched: unknown[] = []
  const listening = [
    bench.bus.onResume(
      engine,
      (items) => void resumed.push(...items.map((item) => [item.executionId, item.answers.length])),
    ),
    bench.bus.consumeDispatch('engine', { maxItems: 10 }, (batch) => {
      // Parents of the tests before are in the queue too.
      for (const { executionId } of batch.items)
        if (executionId === cold) dispatched.push(executionId)
      batch.done()
    }),
  ]
  await bench.start(NO_SWEEP)
  await eventually(
    async () => (await bench.sql('SELECT FROM shard_lease WHERE process_id IS NOT NULL')).length,
    16,
  )
  const [first = '', second = ''] = await bench.store.executions([over, over])
  await bench.store.seed('wait', [...waitsOn(warm, [first]), ...waitsOn(cold, [second])])
  bench.bus.publishEnded(ended([first, second]))
  await eventually(() => Promise.resolve([resumed, dispatched]), [[[warm, 1]], [cold]])
  await Promise.all(listening.map((one) => one.close()))
})
