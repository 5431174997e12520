import { createRecordStore, type ProjectRecordRow } from './records.ts'

/** A schedule, and where it stands. JSON columns are text, times ms since 1970. */
export interface ScheduleRow extends ProjectRecordRow {
  readonly flow_id: string
  /** Null when the flow was removed for good; likewise the other names. */
  readonly flow_name: string | null
  readonly setting_id: string | null
  readonly setting_name: string | null
  readonly scheduler_id: string | null
  readonly scheduler_name: string | null
  readonly timing: string | null
  readonly input_value: string | null
  readonly is_enabled: boolean
  readonly is_productive: boolean
  readonly catch_up: 'none' | 'last' | 'all'
  readonly catch_up_window_seconds: number
  readonly overlap: ScheduleOverlap
  readonly jitter_seconds: number
  readonly starts_at: number | null
  readonly ends_at: number | null
  readonly begun_at: number
  readonly paused_at: number | null
  readonly last_end_at: number | null
  readonly finished_at: number | null
  readonly problem: string | null
  /** The live iteration: its execution, the time that it waits for, when it starts. */
  readonly iteration_id: string | null
  readonly planned_at: number | null
  readonly start_at: number | null
  /** JSON text: those that always stand around its runs; null for none. */
  readonly wrappers: string | null
}

export type ScheduleOverlap =
  'skip' | 'queue_one' | 'queue_all' | 'allow' | 'cancel_running' | 'terminate_running'

/** What may be written. JSON is text, times are RFC 3339. */
export interface ScheduleFields {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  readonly flow_id: string
  readonly setting_id?: string | null
  readonly scheduler_id?: string | null
  readonly timing?: string | null
  readonly input_value?: string | null
  readonly is_enabled?: boolean
  readonly is_productive?: boolean
  readonly catch_up?: 'none' | 'last' | 'all'
  readonly catch_up_window_seconds?: number
  readonly overlap?: ScheduleOverlap
  readonly jitter_seconds?: number
  readonly starts_at?: string | null
  readonly ends_at?: string | null
  /** Of a change: the live iteration is replaced by one that knows of it. */
  readonly renewed?: true
  /** Of a change: times before it are not missed, and intervals count from it. */
  readonly retimed?: true
}

export const schedules = createRecordStore<ScheduleRow, ScheduleFields>('schedules')
