import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Bus, connectBus } from '@millrace/bus'
import { createLogger, createMetrics, newId } from '@millrace/runtime'
import { type ActivationCommit, createExecutions, readExecution, refusalOf } from '@millrace/store'
import { newCommit, newExecution, startTestStore, type TestStore } from '@millrace/store/testing'
import { startNats, type TestNats } from '@millrace/testkit'
import { type CommitItem, createCommitter } from './committer.ts'

let store: TestStore
let nats: TestNats
let bus: Bus
let add: (item: CommitItem) => ReturnType<ReturnType<typeof createCommitter>['add']>
before(async () => {
  ;[store, nats] = await Promise.all([startTestStore(), startNats()])
  const log = createLogger('test', { level: 'silent' })
  bus = await connectBus({ servers: nats.url, name: 'test', log })
  ;({ add } = createCommitter({ db: store.db, bus, metrics: createMetrics('test') }))
})
after(async () => {
  await bus.close()
  await Promise.all([store.close(), nats.stop()])
})

const wait = {
  seq: 1,
  kind: 'TIMER',
  returnWhen: null,
  needed: null,
  ref: null,
  subject: null,
  dueIn: null,
  dueAt: null,
  members: [],
} as const
const child = { workspaceId: newId(), id: newId() }

const refused: Readonly<Record<string, Partial<ActivationCommit>>> = {
  'a child in a project that is no id': {
    children: [newExecution({ ...child, projectId: 'marketing' })],
  },
  'half a surrogate pair in the key of a lock': {
    lockRequests: [{ seq: 1, key: 'semaphore:\uD83D', action: 'acquire', capacity: 1 }],
  },
  'a NUL in the name of a setting': { settings: [{ id: newId(), name: 'a\0', value: '1' }] },
  'a time before all times': { waits: [{ ...wait, dueAt: -8.64e15 }] },
}

for (const [name, left] of Object.entries(refused))
  test(`${name} is thrown to whoever has added it, and nothing of it is kept`, async () => {
    const history = { firstSeq: 1, lastSeq: 1, entries: '[]' }
    const ids = await born(4)
    const parked = { status: 'SCHEDULED', ended: false, hasWaits: true, history } as const
    // In one batch, since they are added in one turn.
    const results = await Promise.allSettled(
      ids.map((executionId, at) =>
        commit(executionId, at === 2 ? { ...parked, waits: [wait], ...left } : parked),
      ),
    )
    const [before = '', , culprit = ''] = ids
    for (const [at, result] of results.entries())
      if (result.status === 'fulfilled') assert.equal(result.value.applied && at !== 2, true)
      else assert.deepEqual([at, typeof refusalOf(result.reason)], [2, 'string'])
    assert.deepEqual([(await rowOf(before))?.version, (await rowOf(culprit))?.version], [2, 1])
    const kept = await store.sql(
      `SELECT FROM savepoint WHERE execution_id = $1
       UNION ALL SELECT FROM wait WHERE execution_id = $1
       UNION ALL SELECT FROM lock_request WHERE execution_id = $1
       UNION ALL SELECT FROM execution WHERE id = $2`,
      [culprit, child.id],
    )
    assert.deepEqual(kept, [])
  })

test('a batch that Postgres has rolled back for the sake of others is committed at the second try', async () => {
  await store.sql('CREATE SEQUENCE tries')
  await store.sql(`CREATE FUNCTION lose_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('tries') = 1 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF;
    RETURN NEW;
  END $$`)
  await store.sql(`CREATE TRIGGER lose_first BEFORE UPDATE ON execution
    FOR EACH ROW EXECUTE FUNCTION lose_first()`)
  const ids = await born(2)
  const results = await Promise.all(ids.map((id) => commit(id, {})))
  await store.sql('DROP TRIGGER lose_first ON execution')
  assert.deepEqual(
    results.map((result) => result.applied && result.version),
    [2, 2],
  )
})

test('what Postgres cannot do for a reason of its own is thrown, and ends nothing', async () => {
  await store.sql('ALTER TABLE savepoint RENAME COLUMN entries TO gone')
  const [one = '', other = ''] = await born(2)
  const history = { firstSeq: 1, lastSeq: 1, entries: '[]' }
  const [lost, kept] = await Promise.allSettled([commit(one, { history }), commit(other, {})])
  await store.sql('ALTER TABLE savepoint RENAME COLUMN gone TO entries')
  assert.deepEqual([lost.status, kept.status], ['rejected', 'rejected'])
  assert.equal((await rowOf(one))?.status, 'WAITING_ENGINE')
})

const rowOf = (executionId: string) =>
  readExecution(store.db, { workspaceId: store.workspaceId, executionId })

async function born(count: number): Promise<string[]> {
  const { workspaceId } = store
  const ids = Array.from({ length: count }, () => newId())
  await createExecutions(
    store.db,
    ids.map((id) => newExecution({ workspaceId, id })),
  )
  return ids
}

const commit = (executionId: string, over: Partial<ActivationCommit>) =>
  add({
    commit: newCommit({
      workspaceId: store.workspaceId,
      executionId,
      processId: newId(),
      output: 'null',
      ...over,
    }),
    payloads: [],
    foreign: [],
    foreignMessages: [],
    announceEnd: false,
    debug: null,
  })
