import { createRecordStore, type ProjectRecordRow } from './records.ts'

export interface ConnectorRow extends ProjectRecordRow {
  readonly connector_type: string
  /** JSON text: the inputs that every connection through it starts from. */
  readonly value: string
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
