import { createRecordStore, type ProjectRecordRow } from './records.ts'

/** A flow with the source it runs now. JSON columns are text. */
export interface FlowRow extends ProjectRecordRow {
  /** sha256 in hex: what executions pin. */
  readonly script_hash: string
  readonly language: string
  readonly script: string
  readonly input_schema: string | null
  readonly output_schema: string | null
  readonly max_runtime_seconds: number | null
  /** Lines; JSON text. */
  readonly breakpoints: string | null
  /** `{"limit", "key"}`; null: not limited. */
  readonly concurrency: string | null
  /** `{"limit", "per_seconds", "key"}`; null: not limited. */
  readonly rate_limit: string | null
  readonly is_wrapped: boolean
  /** Its static wrappers from the outermost on, as JSON text; null for none. */
  readonly wrappers: string | null
}

/** What may be written. The script itself goes to `putScript` first. Schemas are JSON text. */
export interface FlowFields {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  readonly script_hash: string
  readonly input_schema?: string | null
  readonly output_schema?: string | null
  readonly max_runtime_seconds?: number | null
  /** Lines, rising. */
  readonly breakpoints?: readonly number[] | null
  readonly concurrency?: string | null
  readonly rate_limit?: string | null
}

export const flows = createRecordStore<FlowRow, FlowFields>('flows')
