import { createRecordStore, type ProjectRecordRow } from './records.ts'

/** A script that decides when schedules run their flow, with the source that it has now. */
export interface SchedulerRow extends ProjectRecordRow {
  /** sha256 in hex: what the next iteration pins. */
  readonly script_hash: string
  readonly language: string
  readonly script: string
}

/** What may be written. The script itself goes to `putScript` first. */
export interface SchedulerFields {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  readonly script_hash: string
}

export const schedulers = createRecordStore<SchedulerRow, SchedulerFields>('schedulers')
