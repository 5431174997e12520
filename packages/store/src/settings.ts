import { createRecordStore, type ProjectRecordRow } from './records.ts'

export interface SettingRow extends ProjectRecordRow {
  /** JSON text; null stands for JSON's null too. */
  readonly value: string | null
}

export interface SettingFields {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  /** JSON text. */
  readonly value?: string | null
}

export const settings = createRecordStore<SettingRow, SettingFields>('settings')
