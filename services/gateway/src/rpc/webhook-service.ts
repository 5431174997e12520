import type { GrpcImplementation } from '@millrace/runtime/grpc'
import type { webhookService } from '@millrace/wire'
import type { Context } from '../context.ts'
import { listDeliveriesJson } from '../operations/list-deliveries.ts'
import { callerOf } from './caller.ts'
import { addressOf } from './key.ts'
import { toListInput } from './list-request.ts'

/** Deliveries over gRPC: the same list as over HTTP. */
export function webhookRpc(context: Context): GrpcImplementation<typeof webhookService> {
  return {
    async listDeliveries(request, call) {
      const caller = await callerOf(context, call)
      const input = { ...toListInput({ ...request, fields: [] }), ...addressOf(request.key) }
      const page = JSON.parse(await listDeliveriesJson(context, caller, input)) as PageJson
      return {
        items: page.items.map((item) => ({
          id: item.id,
          webhookId: item.webhook_id,
          at: new Date(item.at),
          outcome: item.outcome,
          reason: item.reason ?? undefined,
          detail: item.detail ?? undefined,
          method: item.method,
          path: item.path,
          address: item.address ?? undefined,
          bodySize: item.body_size,
          executionId: item.execution_id ?? undefined,
        })),
        nextCursor: page.next_cursor ?? undefined,
        total: page.total === undefined ? undefined : BigInt(page.total),
        asOf: page.as_of,
      }
    },
  }
}

interface PageJson {
  readonly items: readonly DeliveryJson[]
  readonly next_cursor: string | null
  readonly total?: number
  readonly as_of: string
}

interface DeliveryJson {
  readonly id: string
  readonly webhook_id: string
  readonly at: string
  readonly outcome: string
  readonly reason: string | null
  readonly detail: string | null
  readonly method: string
  readonly path: string
  readonly address: string | null
  readonly body_size: number
  readonly execution_id: string | null
}
