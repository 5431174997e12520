import { createRecordStore, type RecordRow } from './records.ts'

export interface ProjectFields {
  readonly name: string
  readonly description?: string | null
}

export const projects = createRecordStore<RecordRow, ProjectFields>('projects')
