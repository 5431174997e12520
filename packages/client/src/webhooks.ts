import { listPage, type ListOptions, type Page } from './list.ts'
import { byQuery, createRecords, type By, type Records } from './records.ts'
import type { NewWebhook, Webhook } from './record-types.ts'
import type { Transport } from './transport.ts'

/** Addresses at which others start flows. */
export interface Webhooks extends Records<Webhook, NewWebhook> {
  /** The latest calls and what came of each, the newest first. */
  deliveries(key: string, options?: By & ListOptions): Promise<Page<Delivery>>
}

/** One call of a webhook. */
export interface Delivery {
  readonly id: string
  readonly webhook_id: string
  readonly at: string
  /** `repeated`: it came before and started nothing more. */
  readonly outcome: 'started' | 'repeated' | 'refused'
  /** Of a refusal, such as `signature_mismatch`. */
  readonly reason: string | null
  readonly detail: string | null
  readonly method: string
  /** Below `/call`. */
  readonly path: string
  readonly address: string | null
  /** Bytes. */
  readonly body_size: number
  readonly execution_id: string | null
}

export function createWebhooks(transport: Transport): Webhooks {
  return {
    ...createRecords<Webhook, NewWebhook>(transport, 'webhook'),
    deliveries: (key, options) =>
      listPage(
        transport,
        `/webhook/${encodeURIComponent(key)}/delivery`,
        options,
        byQuery(options),
      ),
  }
}
