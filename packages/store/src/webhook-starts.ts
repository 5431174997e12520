import { createExecutions } from './create-executions.ts'
import type { Database, Queryable } from './database.ts'
import type { NewExecution } from './new-execution.ts'
import { loadStatements } from './statement.ts'

export const webhookCallsSql = loadStatements('webhook-calls', [
  'readCalledById',
  'readCalledByName',
  'openBuckets',
  'lockBuckets',
  'saveBuckets',
  'readReplays',
  'putReplays',
  'sweepReplays',
  'insertDeliveries',
  'selectDeliveries',
  'countDeliveries',
  'sweepOldDeliveries',
  'sweepMoreDeliveries',
])
const sql = webhookCallsSql

/** A call that would start something, if it is new and there is room for it. */
export interface WebhookStart {
  readonly webhookId: string
  readonly execution: NewExecution
  /** By what a second delivery would be known; null: nothing identifies it. */
  readonly replay: { readonly key: string; readonly rememberMs: number } | null
  /** How often it may start something; null: no limit of its own. */
  readonly rate: WebhookRate | null
}

export interface WebhookRate {
  readonly calls: number
  readonly per_seconds: number
  /** Tokens of a full bucket; default `calls`. */
  readonly burst?: number
}

export type WebhookStarted =
  | { readonly kind: 'started' }
  /** It came before, and started this one. */
  | { readonly kind: 'repeated'; readonly executionId: string }
  | { readonly kind: 'limited'; readonly retryAfterSeconds: number }

/** What a bucket held, and when (ms since 1970, by Postgres's clock). */
interface StoredBucket {
  readonly tokens: number
  readonly at: number
}

/** Takes a token out of a bucket: the gateway says how. */
type TakeToken = (
  rate: WebhookRate,
  bucket: StoredBucket,
  now: number,
) => {
  readonly isAllowed: boolean
  readonly bucket: StoredBucket
  readonly retryAfterSeconds: number
}

/**
 * Starts the executions of a batch of calls in one transaction: what is known is not started again,
 * what is over its rate is not started, and what is started is remembered. Results are in order.
 *
 * A crash before the commit has started nothing and remembers nothing; one after it, before the nudge,
 * leaves executions that the sweep finds and keys by which the sender's next try is answered.
 */
export function startWebhookCalls(
  db: Pick<Database, 'transaction'>,
  starts: readonly WebhookStart[],
  takeToken: TakeToken,
): Promise<WebhookStarted[]> {
  return db.transaction(async (tx) => {
    const buckets = await lockBuckets(tx, starts)
    const known = await readKnown(tx, starts)
    const results = starts.map((start) => judge(start, { buckets, known, takeToken }))
    await overtaken(tx, starts, results)
    const begun = starts.filter((_, index) => results[index]?.kind === 'started')
    await saveBuckets(tx, buckets)
    if (begun.length > 0)
      await createExecutions(
        tx,
        begun.map((start) => start.execution),
      )
    return results
  })
}

interface Bucket extends StoredBucket {
  readonly workspaceId: string
  readonly webhookId: string
  readonly now: number
}

function judge(
  start: WebhookStart,
  found: {
    readonly buckets: Map<string, Bucket>
    readonly known: Map<string, string>
    readonly takeToken: TakeToken
  },
): WebhookStarted {
  const key = start.replay === null ? null : `${start.webhookId}/${start.replay.key}`
  const first = key === null ? undefined : found.known.get(key)
  // A repeat starts nothing, so it costs no token.
  if (first !== undefined) return { kind: 'repeated', executionId: first }
  const bucket = found.buckets.get(start.webhookId)
  if (start.rate !== null && bucket !== undefined) {
    const take = found.takeToken(start.rate, bucket, bucket.now)
    found.buckets.set(start.webhookId, { ...bucket, ...take.bucket })
    if (!take.isAllowed) return { kind: 'limited', retryAfterSeconds: take.retryAfterSeconds }
  }
  if (key !== null) found.known.set(key, start.execution.id)
  return { kind: 'started' }
}

async function lockBuckets(
  tx: Queryable,
  starts: readonly WebhookStart[],
): Promise<Map<string, Bucket>> {
  const wanted = new Map(
    starts.flatMap(({ webhookId, rate, execution: { workspaceId } }) => {
      if (rate === null) return []
      const tokens = rate.burst ?? rate.calls
      return [[webhookId, { workspace_id: workspaceId, webhook_id: webhookId, tokens }] as const]
    }),
  )
  if (wanted.size === 0) return new Map()
  const param = JSON.stringify([...wanted.values()])
  await tx.query(sql.openBuckets, [param])
  const rows = await tx.query<{
    workspace_id: string
    webhook_id: string
    tokens: number
    counted_at: number
    now: number
  }>(sql.lockBuckets, [param])
  return new Map(
    rows.map((row) => [
      row.webhook_id,
      {
        workspaceId: row.workspace_id,
        webhookId: row.webhook_id,
        tokens: row.tokens,
        at: row.counted_at,
        now: row.now,
      },
    ]),
  )
}

async function saveBuckets(tx: Queryable, buckets: ReadonlyMap<string, Bucket>): Promise<void> {
  if (buckets.size === 0) return
  const rows = [...buckets.values()].map(({ workspaceId, webhookId, tokens, at }) => ({
    workspace_id: workspaceId,
    webhook_id: webhookId,
    tokens,
    counted_at: at,
  }))
  await tx.query(sql.saveBuckets, [JSON.stringify(rows)])
}

async function readKnown(
  tx: Queryable,
  starts: readonly WebhookStart[],
): Promise<Map<string, string>> {
  const keys = starts.flatMap(({ webhookId, replay, execution: { workspaceId } }) =>
    replay === null ? [] : [{ workspace_id: workspaceId, webhook_id: webhookId, key: replay.key }],
  )
  if (keys.length === 0) return new Map()
  const rows = await tx.query<{ webhook_id: string; key: string; execution_id: string }>(
    sql.readReplays,
    [JSON.stringify(keys)],
  )
  return new Map(rows.map((row) => [`${row.webhook_id}/${row.key}`, row.execution_id]))
}

/** Writes the keys of what starts. Those that another gateway wrote meanwhile are repeats after all. */
async function overtaken(
  tx: Queryable,
  starts: readonly WebhookStart[],
  results: WebhookStarted[],
): Promise<void> {
  const rows = starts.flatMap(({ webhookId, replay, execution }, index) =>
    replay === null || results[index]?.kind !== 'started'
      ? []
      : [
          {
            workspace_id: execution.workspaceId,
            webhook_id: webhookId,
            key: replay.key,
            execution_id: execution.id,
            remember_ms: replay.rememberMs,
          },
        ],
  )
  if (rows.length === 0) return
  const put = await tx.query<{ execution_id: string }>(sql.putReplays, [JSON.stringify(rows)])
  if (put.length === rows.length) return
  const ours = new Set(put.map((row) => row.execution_id))
  const known = await readKnown(tx, starts)
  for (const [index, { webhookId, replay, execution }] of starts.entries()) {
    if (replay === null || ours.has(execution.id)) continue
    const first = known.get(`${webhookId}/${replay.key}`)
    if (first !== undefined && first !== execution.id && results[index]?.kind !== 'limited')
      results[index] = { kind: 'repeated', executionId: first }
  }
}
