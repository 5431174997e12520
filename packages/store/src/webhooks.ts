import { createRecordStore, type ProjectRecordRow } from './records.ts'

export interface WebhookRow extends ProjectRecordRow {
  readonly flow_id: string
  readonly flow_name: string | null
  readonly is_enabled: boolean
  /** JSON text: its other fields, secrets included. */
  readonly config: string
  /** Whether its name is its address; otherwise another workspace had the name first. */
  readonly is_called_by_name: boolean
}

export interface WebhookRowFields {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  readonly flow_id: string
  readonly is_enabled: boolean
  /** JSON text; in a change only the keys that it names are replaced. */
  readonly config: string
}

export const webhooks = createRecordStore<WebhookRow, WebhookRowFields>('webhooks')
