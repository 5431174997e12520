import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId, sha256Hex } from '@millrace/runtime'
import { runSql, seedRows } from '@millrace/testkit'
import {
  adoptConnection,
  claimConnections,
  closeAttempt,
  type ConnectionEnd,
  endConnections,
  loadConnections,
  nextAttempt,
  releaseConnection,
} from './connections.ts'
import { createExecutions } from './create-executions.ts'
import { registerProcess } from './leases.ts'
import { readExecution } from './read-execution.ts'
import { newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store
const processId = newId()

after(() => store.close())

async function connection(
  input = '{"url":"http://a"}',
  connectorId: string | null = null,
): Promise<string> {
  const id = newId()
  await createExecutions(db, [
    newExecution({
      workspaceId,
      id,
      type: 'CONNECTION',
      connectorId,
      connectorType: 'REST',
      scriptHash: null,
      input,
    }),
  ])
  return id
}

const claim = (executionId: string, version: number, attempt = 1, by = processId) =>
  claimConnections(db, {
    items: [
      { workspaceId, executionId, version, attempt, repeatClass: 'safe', details: '{"nth":1}' },
    ],
    processId: by,
  })
const end = (executionId: string, version: number, epoch: number): ConnectionEnd => ({
  workspaceId,
  executionId,
  version,
  epoch,
  status: 'ENDED_SUCCESS',
  message: 'a\0b',
  output: '{"result":"\\u0000"}',
  attempt: { attempt: 1, outcome: 'known', details: '{}' },
})
const attempts = (executionId: string): Promise<object[]> =>
  runSql(
    store.url,
    'SELECT attempt, epoch, outcome, ended_at IS NOT NULL AS ended FROM connection_attempt WHERE execution_id = $1 ORDER BY attempt',
    [executionId],
  )
const load = async (executionId: string) =>
  (await loadConnections(db, [{ workspaceId, executionId }]))[0]

test('a connection is claimed once, with its attempt, and ends once, with its attempt', async () => {
  const id = await connection()
  const claimed = await claim(id, 1)
  assert.deepEqual(claimed.get(id), { version: 2, epoch: 1, parentId: null })
  assert.equal((await claim(id, 1)).size, 0)
  assert.deepEqual(await attempts(id), [{ attempt: 1, epoch: 1, outcome: null, ended: false }])

  const results = await endConnections(db, [end(id, 2, 1), end(id, 2, 1)])
  assert.equal(results.filter((result) => result.applied).length, 1)
  assert.deepEqual(await endConnections(db, [end(id, 2, 1)]), [{ applied: false }])
  assert.deepEqual(await attempts(id), [{ attempt: 1, epoch: 1, outcome: 'known', ended: true }])
  const row = await readExecution(db, { workspaceId, executionId: id })
  assert.deepEqual(
    [row?.status, row?.version, row?.message, row?.output],
    ['ENDED_SUCCESS', 3, 'a\uFFFDb', '{"result":"\\u0000"}'],
  )
})

test('another epoch does not end it, and its attempt stays open', async () => {
  const id = await connection()
  await claim(id, 1)
  assert.deepEqual(await endConnections(db, [end(id, 2, 7)]), [{ applied: false }])
  assert.deepEqual(await attempts(id), [{ attempt: 1, epoch: 1, outcome: null, ended: false }])
  assert.equal(
    await closeAttempt(db, {
      workspaceId,
      executionId: id,
      attempt: 1,
      processId,
      outcome: 'known',
      details: '{}',
    }),
    true,
  )
})

test('the next attempt is opened only while the execution is held', async () => {
  const id = await connection()
  await claim(id, 1)
  const item = {
    workspaceId,
    executionId: id,
    version: 2,
    epoch: 1,
    attempt: 1,
    outcome: 'unknown',
    details: '{}',
    nextDetails: '{"nth":2}',
  } as const
  assert.equal(await nextAttempt(db, { ...item, version: 1 }), false)
  assert.equal(await nextAttempt(db, item), true)
  assert.deepEqual(await attempts(id), [
    { attempt: 1, epoch: 1, outcome: 'unknown', ended: true },
    { attempt: 2, epoch: 1, outcome: null, ended: false },
  ])
})

test('a released connection is ready again with its attempt closed', async () => {
  const id = await connection()
  await claim(id, 1)
  const item = {
    workspaceId,
    executionId: id,
    version: 2,
    epoch: 1,
    attempt: 1,
    outcome: 'none',
    details: '{}',
  } as const
  assert.deepEqual(await releaseConnection(db, item), { version: 3, parentId: null })
  assert.equal(await releaseConnection(db, item), null)
  assert.deepEqual(await attempts(id), [{ attempt: 1, epoch: 1, outcome: 'none', ended: true }])
})

test('a claim after a crash closes what was open as unknown; an adoption opens nothing', async () => {
  const id = await connection()
  await claim(id, 1)
  await runSql(
    store.url,
    `UPDATE execution SET status = 'WAITING_ENGINE', version = 4, epoch = 2 WHERE id = $1`,
    [id],
  )
  const other = newId()
  assert.deepEqual((await claim(id, 4, 2, other)).get(id), { version: 5, epoch: 3, parentId: null })
  assert.deepEqual(await attempts(id), [
    { attempt: 1, epoch: 1, outcome: 'unknown', ended: true },
    { attempt: 2, epoch: 3, outcome: null, ended: false },
  ])
  const item = { workspaceId, executionId: id, version: 5, processId: other }
  assert.deepEqual(await adoptConnection(db, item), { version: 6, epoch: 4, parentId: null })
  assert.equal(await adoptConnection(db, item), null)
  assert.equal((await attempts(id)).length, 2)
})

test('what is loaded: inputs of any size, the kept connector, the last attempt and whether it lives', async () => {
  const connectorId = newId()
  await seedRows(store.url, 'connector', [
    {
      workspace_id: workspaceId,
      id: connectorId,
      name: connectorId,
      connector_type: 'SQLPG',
      value: { host: 'a' },
    },
  ])
  const input = JSON.stringify({ text: 'x'.repeat(40_000) })
  const id = await connection(input, connectorId)
  const fresh = await load(id)
  assert.deepEqual(
    [fresh?.input, fresh?.usesKept, fresh?.kept, fresh?.lastAttempt],
    [input, true, { connectorType: 'SQLPG', value: '{"host":"a"}' }, null],
  )
  await claim(id, 1)
  assert.equal((await load(id))?.lastAttempt?.isAlive, false)
  await registerProcess(db, { processId, service: 'connector', address: null })
  assert.deepEqual((await load(id))?.lastAttempt, {
    attempt: 1,
    processId,
    isAlive: true,
    repeatClass: 'safe',
    isEnded: false,
    outcome: null,
    details: '{"nth":1}',
  })
  await runSql(store.url, 'UPDATE connector SET deleted_at = clock() WHERE id = $1', [connectorId])
  assert.deepEqual([(await load(id))?.usesKept, (await load(id))?.kept], [true, null])
})

test('a large output goes to the payload table', async () => {
  const id = await connection()
  await claim(id, 1)
  const output = JSON.stringify({ result: 'x'.repeat(40_000) })
  await endConnections(db, [{ ...end(id, 2, 1), output }])
  const row = await readExecution(db, { workspaceId, executionId: id })
  assert.deepEqual([row?.output, row?.output_hash_hex], [null, sha256Hex(output)])
})

test('a batch ends in order of its items', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => connection()))
  const items = ids.map((executionId) => ({
    workspaceId,
    executionId,
    version: 1,
    attempt: 1,
    repeatClass: 'safe',
    details: '{}',
  }))
  const claimed = await claimConnections(db, { items: items.toReversed(), processId })
  assert.equal(claimed.size, 20)
  const results = await endConnections(
    db,
    ids.map((id, index) => end(id, index % 2 === 0 ? 2 : 9, 1)).toReversed(),
  )
  assert.deepEqual(
    results.map((result) => result.applied),
    ids.map((_id, index) => index % 2 === 0).toReversed(),
  )
})
