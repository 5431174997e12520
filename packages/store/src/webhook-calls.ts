import type { Queryable } from './database.ts'
import { type ListRequest, type ListSource, type Page, readPage } from './list-page.ts'
import { pgText, pgTextOrNull } from './pg-text.ts'
import { sweepInSteps, type SweepOptions } from './sweep-in-steps.ts'
import { webhookCallsSql as sql } from './webhook-starts.ts'

/** A webhook as its calls see it. */
export interface CalledWebhookRow {
  readonly workspace_id: string
  readonly id: string
  readonly project_id: string | null
  readonly flow_id: string
  readonly is_enabled: boolean
  /** JSON text. */
  readonly config: string
}

/** The webhook that an address means, by its id or by the name that it has for all workspaces. */
export async function readCalledWebhook(
  db: Queryable,
  key: { readonly id: string } | { readonly name: string },
): Promise<CalledWebhookRow | null> {
  const rows =
    'id' in key
      ? await db.query<CalledWebhookRow>(sql.readCalledById, [key.id])
      : await db.query<CalledWebhookRow>(sql.readCalledByName, [key.name])
  return rows[0] ?? null
}

/** What came of one call. */
export interface NewDelivery {
  readonly workspaceId: string
  readonly webhookId: string
  readonly id: string
  readonly outcome: 'started' | 'repeated' | 'refused'
  readonly reason: string | null
  readonly detail: string | null
  readonly method: string
  /** Below `/call`. */
  readonly path: string
  readonly address: string | null
  /** Bytes. */
  readonly bodySize: number
  readonly executionId: string | null
}

export interface DeliveryRow {
  readonly id: string
  readonly webhook_id: string
  readonly at: number
  readonly outcome: string
  readonly reason: string | null
  readonly detail: string | null
  readonly method: string
  readonly path: string
  readonly address: string | null
  readonly body_size: number
  readonly execution_id: string | null
}

export async function insertDeliveries(
  db: Queryable,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  const rows = deliveries.map((one) => ({
    workspace_id: one.workspaceId,
    webhook_id: one.webhookId,
    id: one.id,
    outcome: one.outcome,
    reason: one.reason,
    detail: pgTextOrNull(one.detail),
    method: one.method,
    path: pgText(one.path),
    address: one.address,
    body_size: one.bodySize,
    execution_id: one.executionId,
  }))
  await db.query(sql.insertDeliveries, [JSON.stringify(rows)])
}

/** The latest calls of one webhook, the newest first. */
export function listDeliveries(
  db: Queryable,
  request: ListRequest & { readonly webhookId: string },
): Promise<Page<DeliveryRow>> {
  const source: ListSource = {
    name: `deliveries ${request.webhookId}`,
    select: sql.selectDeliveries.text,
    count: sql.countDeliveries.text,
    id: 'd.id',
    defaultOrder: '-id',
    fields: {
      known: {
        id: { sql: 'd.id', type: 'uuid' },
        at: { sql: 'd.at', type: 'time' },
        outcome: { sql: 'd.outcome', type: 'text' },
        reason: { sql: 'd.reason', type: 'text' },
        method: { sql: 'd.method', type: 'text' },
        path: { sql: 'd.path', type: 'text' },
        address: { sql: 'd.address', type: 'text' },
        execution_id: { sql: 'd.execution_id', type: 'uuid' },
      },
    },
    where: (params) => [`d.webhook_id = ${params.add(request.webhookId)}::uuid`],
  }
  return readPage(db, source, request)
}

/** Forgets deliveries that cannot come again, and lines of the list that nobody will read. */
export async function sweepWebhookCalls(db: Queryable, options: SweepOptions = {}): Promise<void> {
  await sweepInSteps(db, sql.sweepReplays, options)
  await sweepInSteps(db, sql.sweepOldDeliveries, options)
  await sweepInSteps(db, sql.sweepMoreDeliveries, { ...options, params: [DELIVERIES_KEPT] })
}

/** Of each webhook; none is kept longer than a week. */
const DELIVERIES_KEPT = 1_000
