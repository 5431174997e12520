import { createRecordStore, type ProjectRecordRow } from './records.ts'

export interface ConnectorRow extends ProjectRecordRow {
  readonly connector_type: string
  /** JSON text: the inputs that every connection through it starts from. */
  readonly value: string
  readonly is_wrapped: boolean
  /** Its static wrappers from the outermost on, as JSON text; null for none. */
  readonly wrappers: string | null
}

export interface ConnectorFields {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  readonly connector_type: string
  /** JSON text. */
  readonly value: string
}

export const connectors = createRecordStore<ConnectorRow, ConnectorFields>('connectors')
