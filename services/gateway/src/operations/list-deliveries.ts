import { type DeliveryRow, listDeliveries } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { type ListInput, pageJson, time, toListRequest } from './page-request.ts'
import { find } from './records.ts'

/** The latest calls of a webhook and what came of each, the newest first. */
export async function listDeliveriesJson(
  context: Context,
  caller: Caller,
  request: ListInput & { readonly key: string; readonly by: 'id' | 'name' },
): Promise<string> {
  const { key, by } = request
  const webhook = await find(context, caller, { type: 'webhook', key, by })
  const list = toListRequest(caller.workspaceId, request)
  const page = await listDeliveries(context.api, { ...list, webhookId: webhook.id })
  return pageJson(page.rows.map(toJson), page)
}

const toJson = (row: DeliveryRow): string =>
  JSON.stringify({
    id: row.id,
    webhook_id: row.webhook_id,
    at: time(row.at),
    outcome: row.outcome,
    reason: row.reason,
    detail: row.detail,
    method: row.method,
    path: row.path,
    address: row.address,
    body_size: row.body_size,
    execution_id: row.execution_id,
  })
