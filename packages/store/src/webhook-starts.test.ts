import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { newId } from '@millrace/runtime'
import { insertDeliveries, listDeliveries, sweepWebhookCalls } from './webhook-calls.ts'
import { startWebhookCalls, type WebhookRate, type WebhookStart } from './webhook-starts.ts'
import { webhooks } from './webhooks.ts'
import { newExecution, startTestStore } from '../test/test-store.ts'

const store = await startTestStore()
const { db, workspaceId } = store

after(() => store.close())

const HOUR_MS = 3_600_000

/** One whole token per call, none ever added. */
const take = (_rate: WebhookRate, bucket: { tokens: number; at: number }, now: number) =>
  bucket.tokens >= 1
    ? { isAllowed: true, bucket: { tokens: bucket.tokens - 1, at: now }, retryAfterSeconds: 0 }
    : { isAllowed: false, bucket, retryAfterSeconds: 7 }

const start = (
  webhookId: string,
  key: string | null,
  more: Partial<WebhookStart> = {},
): WebhookStart => ({
  webhookId,
  execution: newExecution({ workspaceId, id: newId() }),
  replay: key === null ? null : { key, rememberMs: HOUR_MS },
  rate: null,
  ...more,
})

const run = (...starts: WebhookStart[]) => startWebhookCalls(db, starts, take)
const count = async (): Promise<number> =>
  (await store.sql<{ n: number }>('SELECT count(*)::int AS n FROM execution'))[0]?.n ?? 0

test('a delivery starts once, within a batch, across batches and from several gateways', async () => {
  const webhook = newId()
  const before = await count()
  const first = start(webhook, 'a')
  const [one, two, other] = await run(first, start(webhook, 'a'), start(webhook, 'b'))
  const repeated = { kind: 'repeated', executionId: first.execution.id }
  assert.deepEqual([one, two, other], [{ kind: 'started' }, repeated, { kind: 'started' }])
  assert.deepEqual(await run(start(webhook, 'a')), [repeated])
  assert.deepEqual(await run(start(newId(), 'a')), [{ kind: 'started' }])
  const many = await Promise.all(Array.from({ length: 8 }, () => run(start(webhook, 'c'))))
  assert.equal(many.flat().filter(({ kind }) => kind === 'started').length, 1)
  assert.equal(await count(), before + 4)
})

test('what cannot be told apart starts each time', async () => {
  const webhook = newId()
  const kinds = (await run(start(webhook, null), start(webhook, null))).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['started', 'started'])
})

test('a token is for what starts: repeats take none, and what is refused is not remembered', async () => {
  const webhook = newId()
  const rate = { calls: 2, per_seconds: 1 }
  const limited = { kind: 'limited', retryAfterSeconds: 7 }
  const come = (key: string) => start(webhook, key, { rate })
  const kinds = await run(come('a'), come('a'), come('b'), come('c'))
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    ['started', 'repeated', 'started', 'limited'],
  )
  assert.deepEqual(await run(come('c')), [limited])
  const more = { calls: 2, per_seconds: 1, burst: 5 }
  const [wider] = await run(start(newId(), null, { rate: more }))
  assert.deepEqual(wider, { kind: 'started' })
})

test('a start that Postgres refuses leaves no key behind', async () => {
  const webhook = newId()
  const broken = start(webhook, 'x', {
    execution: newExecution({ workspaceId, id: newId(), input: 'no JSON' }),
  })
  await assert.rejects(run(broken))
  assert.deepEqual(await run(start(webhook, 'x')), [{ kind: 'started' }])
})

test('after its time a delivery is a new one, swept or not', async () => {
  const webhook = newId()
  const short = () => start(webhook, 'a', { replay: { key: 'a', rememberMs: -1 } })
  assert.deepEqual(await run(short()), [{ kind: 'started' }])
  assert.deepEqual(await run(short()), [{ kind: 'started' }])
  assert.deepEqual(await run(start(webhook, 'b')), [{ kind: 'started' }])
  await sweepWebhookCalls(db)
  const rows = await store.sql('SELECT key FROM webhook_replay WHERE webhook_id = $1', [webhook])
  assert.deepEqual(rows, [{ key: 'b' }])
})

test('deliveries are listed newest first, and the oldest of many are forgotten', async () => {
  const webhookId = newId()
  const delivery = (index: number) => ({
    workspaceId,
    webhookId,
    id: newId(),
    outcome: index % 2 === 0 ? ('started' as const) : ('refused' as const),
    reason: index % 2 === 0 ? null : 'key_missing',
    detail: null,
    method: 'POST',
    path: `/${index}`,
    address: '127.0.0.1',
    bodySize: index,
    executionId: null,
  })
  const fields = { name: 'w', flow_id: newId(), is_enabled: true, config: '{}' }
  await webhooks.insert(db, { workspaceId, id: webhookId, by: null, fields })
  await insertDeliveries(
    db,
    Array.from({ length: 6_010 }, (_, index) => delivery(index)),
  )
  const request = { workspaceId, webhookId, order: null, cursor: null, limit: 2, count: true }
  const filter = { field: 'outcome', op: 'eq', value: 'refused' } as const
  const page = await listDeliveries(db, { ...request, filter })
  assert.deepEqual(
    page.rows.map((row) => row.path),
    ['/6009', '/6007'],
  )
  assert.equal(page.total, 3_005)
  // More than one statement removes.
  await sweepWebhookCalls(db)
  const kept = await listDeliveries(db, { ...request, filter: null })
  assert.deepEqual([kept.total, kept.rows[0]?.path], [1_000, '/6009'])
  await store.sql(`UPDATE webhook_delivery SET at = clock() - interval '8 days' WHERE id <> $1`, [
    kept.rows[0]?.id,
  ])
  await sweepWebhookCalls(db)
  assert.equal((await listDeliveries(db, { ...request, filter: null })).total, 1)
})
