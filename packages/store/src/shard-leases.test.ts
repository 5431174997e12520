import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { runSql } from '@millrace/testkit'
import { registerProcess, removeProcess } from './leases.ts'
import {
  dropShards,
  fairPart,
  keepShards,
  readShards,
  shardOfExecution,
  shardOfLock,
  SHARDS,
} from './shard-leases.ts'
import { startTestStore, type TestStore } from '../test/test-store.ts'

let store: TestStore
before(async () => {
  store = await startTestStore()
})
after(() => store.close())

async function copy(service: string): Promise<string> {
  const processId = newId()
  await registerProcess(store.db, { processId, service, address: null })
  return processId
}

test('the parts of any number of copies add up to all shards', () => {
  for (let copies = 1; copies <= 20; copies += 1) {
    const parts = Array.from({ length: copies }, (_, rank) => fairPart({ copies, rank }))
    assert.equal(
      parts.reduce((sum, part) => sum + part, 0),
      SHARDS,
    )
    assert.ok(Math.max(...parts) - Math.min(...parts) <= 1)
  }
})

test('a shard is the same number in TypeScript and in SQL', async () => {
  for (let round = 0; round < 40; round += 1) {
    const id = newId()
    const [row] = await runSql<{ e: number; l: number }>(
      store.url,
      'SELECT shard_of_execution($1) AS e, shard_of_lock($1, $2) AS l',
      [id, `semaphore:ä ${round}`],
    )
    assert.deepEqual(row, { e: shardOfExecution(id), l: shardOfLock(id, `semaphore:ä ${round}`) })
  }
})

test('one copy holds all, two share evenly, and no shard has two holders', async () => {
  const service = 'sharing'
  const first = await copy(service)
  assert.equal((await keepShards(store.db, { service, processId: first })).length, 16)
  const second = await copy(service)
  assert.equal((await keepShards(store.db, { service, processId: second })).length, 0)
  const kept = await keepShards(store.db, { service, processId: first })
  const got = await keepShards(store.db, { service, processId: second })
  assert.equal(kept.length, 8)
  assert.equal(got.length, 8)
  assert.equal(new Set([...kept, ...got].map(({ shard }) => shard)).size, 16)
  assert.ok(
    got.every(({ term }) => term === 2),
    'the term rises with the holder',
  )
})

test('a dead copy loses its shards when its lease has run out, not before', async () => {
  const service = 'dying'
  const dead = await copy(service)
  await keepShards(store.db, { service, processId: dead, ttlMs: 60_000 })
  await removeProcess(store.db, dead)
  const heir = await copy(service)
  assert.deepEqual(await keepShards(store.db, { service, processId: heir }), [])
  await runSql(store.url, `UPDATE shard_lease SET expires_at = clock() WHERE service = $1`, [
    service,
  ])
  assert.equal((await keepShards(store.db, { service, processId: heir })).length, 16)
  assert.deepEqual(
    await keepShards(store.db, { service, processId: dead }),
    [],
    'the former holder finds out',
  )
})

test('a copy that stops hands its shards over at once', async () => {
  const service = 'stopping'
  const first = await copy(service)
  await keepShards(store.db, { service, processId: first })
  await dropShards(store.db, { service, processId: first })
  await removeProcess(store.db, first)
  const second = await copy(service)
  assert.equal((await keepShards(store.db, { service, processId: second })).length, 16)
  assert.ok((await readShards(store.db, service)).every((row) => row.processId === second))
})
