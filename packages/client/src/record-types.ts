import type { Json } from './json.ts'

/** What all records have. Times are RFC 3339. */
export interface RecordBase {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly project_id: string | null
  readonly workspace_id: string
  readonly created_at: string
  readonly created_by: string | null
  readonly modified_at: string
  readonly modified_by: string | null
  readonly is_deleted: boolean
}

interface NewBase {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
}

export type Language = 'typescript' | 'python'

/** How many runs of a flow go on at once; `key`: a JSON pointer into their input. */
export interface FlowConcurrency {
  readonly limit: number
  readonly key?: string
}

/** How many runs of a flow start in any so many seconds. */
export interface FlowRateLimit extends FlowConcurrency {
  readonly per_seconds: number
}

export interface Flow extends RecordBase {
  readonly script: string
  readonly language: Language
  readonly input_schema: Json
  readonly output_schema: Json
  readonly max_runtime_seconds: number | null
  /** Lines that its runs in development mode stop before. */
  readonly breakpoints: readonly number[] | null
  readonly concurrency: FlowConcurrency | null
  readonly rate_limit: FlowRateLimit | null
}

export interface NewFlow extends NewBase {
  readonly script: string
  /** `typescript` by default, which includes JavaScript. */
  readonly language?: Language
  readonly input_schema?: Json
  readonly output_schema?: Json
  readonly max_runtime_seconds?: number | null
  readonly breakpoints?: readonly number[] | null
  readonly concurrency?: FlowConcurrency | null
  readonly rate_limit?: FlowRateLimit | null
}

export interface Setting extends RecordBase {
  readonly value: Json
}

export interface NewSetting extends NewBase {
  readonly value: Json
}

export interface Connector extends RecordBase {
  readonly connector_type: string
  readonly value: Json
}

export interface NewConnector extends NewBase {
  readonly connector_type: string
  readonly value: Json
}

export interface Project extends Omit<RecordBase, 'project_id'> {}

export interface NewProject {
  readonly name: string
  readonly description?: string | null
}

export interface Workspace {
  readonly id: string
  readonly name: string
  readonly created_at: string
}

export interface NewWorkspace {
  readonly name: string
}

export interface ApiKey {
  readonly id: string
  readonly name: string
  /** Shown once, in the answer to its creation. */
  readonly api_key?: string
  readonly prefix: string
  readonly created_at: string
  readonly expires_at: string | null
}

export interface NewApiKey {
  readonly name: string
  readonly roles?: readonly string[]
  /** RFC 3339; null for never. */
  readonly expires_at?: string | null
}
