import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { runSql } from '@millrace/testkit'
import {
  answerKey,
  claimKey,
  dropKey,
  type KeyClaim,
  releaseKey,
  sweepKeys,
} from './idempotency.ts'
import { startTestStore, type TestStore } from '../test/test-store.ts'

let store: TestStore
before(async () => {
  store = await startTestStore('api')
})
after(() => store.close())

const HASH = 'ab'.repeat(32)
const newPlace = () => ({ workspaceId: store.workspaceId, key: newId() })

async function claimMine(place: { workspaceId: string; key: string }) {
  const claim: KeyClaim = await claimKey(store.db, place, HASH)
  assert.equal(claim.kind, 'mine')
  return claim.kind === 'mine' ? claim : assert.fail()
}

const runOut = (key: string) =>
  runSql(store.url, `UPDATE idempotency_key SET lease_until = '-infinity' WHERE key = $1`, [key])

test('a key belongs to the first, and its answer to all', async () => {
  const place = newPlace()
  const first = await claimMine(place)
  assert.equal(first.takeover, false)
  assert.equal((await claimKey(store.db, place, HASH)).kind, 'underWay')
  assert.equal((await claimKey(store.db, place, 'cd'.repeat(32))).kind, 'otherRequest')
  await answerKey(store.db, { ...place, lease: first.lease }, { status: 201, body: '{"a":1}' })
  assert.deepEqual(await claimKey(store.db, place, HASH), {
    kind: 'answered',
    status: 201,
    answer: '{"a":1}',
  })
})

test('whoever failed with an unknown outcome lets the next one take over at once, under the same time', async () => {
  const place = newPlace()
  const first = await claimMine(place)
  await releaseKey(store.db, { ...place, lease: first.lease })
  const second = await claimMine(place)
  assert.deepEqual([second.takeover, second.at], [true, first.at])
  assert.equal((await claimKey(store.db, place, HASH)).kind, 'underWay')
})

test('a former holder can neither free nor release nor answer the key of whoever took over', async () => {
  const place = newPlace()
  const former = await claimMine(place)
  await runOut(place.key)
  const holder = await claimMine(place)
  await dropKey(store.db, { ...place, lease: former.lease })
  await releaseKey(store.db, { ...place, lease: former.lease })
  await answerKey(store.db, { ...place, lease: former.lease }, { status: 202, body: '{}' })
  assert.equal((await claimKey(store.db, place, HASH)).kind, 'underWay')
  await dropKey(store.db, { ...place, lease: holder.lease })
  assert.equal((await claimMine(place)).takeover, false)
})

const KEYS = `SELECT count(*)::int AS n, count(*) FILTER (WHERE key LIKE 'young%')::int AS young FROM idempotency_key`

test('the sweep removes in steps all that is older than a day, and nothing else', async () => {
  await store.sql('DELETE FROM idempotency_key')
  await store.sql(
    `INSERT INTO idempotency_key (workspace_id, key, request_hash, created_at)
     SELECT $1::uuid, 'old' || n, ''::bytea, clock() - interval '25 hours' FROM generate_series(1, 4500) n
     UNION ALL SELECT $1::uuid, 'young' || n, '', clock() - interval '23 hours' FROM generate_series(1, 10) n`,
    [store.workspaceId],
  )
  await sweepKeys(store.db, { signal: AbortSignal.abort() })
  assert.ok(((await store.sql<{ n: number }>(KEYS))[0]?.n ?? 0) > 10, 'stopped after one step')
  await sweepKeys(store.db)
  assert.deepEqual(await store.sql(KEYS), [{ n: 10, young: 10 }])
})
