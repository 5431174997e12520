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

/** A wrapper and what it is given. One of `id` and `name` names it; the id counts. */
export interface WrapperUse {
  readonly id?: string
  readonly name?: string
  readonly input?: { readonly [key: string]: Json }
}

/** What wrappers may always stand around. */
export interface Wrappable {
  readonly is_wrapped: boolean
  /** From the outermost on. */
  readonly wrappers: readonly WrapperUse[]
}

export interface NewWrappable {
  /** From the outermost on; null for none. */
  readonly wrappers?: readonly WrapperUse[] | null
}

/** How many runs of a flow go on at once; `key`: a JSON pointer into their input. */
export interface FlowConcurrency {
  readonly limit: number
  readonly key?: string
}

/** How many runs of a flow start in any so many seconds. */
export interface FlowRateLimit extends FlowConcurrency {
  readonly per_seconds: number
}

export interface Flow extends RecordBase, Wrappable {
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

export interface NewFlow extends NewBase, NewWrappable {
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

export interface Connector extends RecordBase, Wrappable {
  readonly connector_type: string
  readonly value: Json
}

export interface NewConnector extends NewBase, NewWrappable {
  readonly connector_type: string
  readonly value: Json
}

/** A script that runs in place of what it wraps. */
export interface Wrapper extends RecordBase, Wrappable {
  readonly script: string
  readonly language: Language
  /** Of its own inputs. */
  readonly input_schema: Json
  /** The wrapper of the product that it was installed as; null for one that people have made. */
  readonly standard_name: string | null
  /** Whether people have changed a standard one: it is then not brought up to date. */
  readonly is_changed: boolean | null
}

export interface NewWrapper extends NewBase, NewWrappable {
  readonly script: string
  readonly language?: Language
  readonly input_schema?: Json
}

export interface Scheduler extends RecordBase {
  readonly script: string
  readonly language: Language
}

export interface NewScheduler extends NewBase {
  readonly script: string
  readonly language?: Language
}

/** A webhook as it is shown: secrets as `***`. */
export interface Webhook extends RecordBase {
  readonly flow_id: string
  readonly flow_name: string | null
  /** Where it is called. */
  readonly call_path: string
  readonly is_enabled: boolean
  readonly is_productive: boolean
  readonly is_key_required: boolean
  readonly is_async: boolean
  readonly wait_seconds: number
  readonly methods: readonly string[]
  readonly allow_from: readonly string[]
  readonly [more: string]: unknown
}

/** `flow_id` or `flow_name` says which flow it starts; more fields are in the API's document. */
export interface NewWebhook extends NewBase {
  readonly flow_id?: string
  readonly flow_name?: string
  /** False for a new one: a door is opened on purpose. */
  readonly is_enabled?: boolean
  readonly is_productive?: boolean
  readonly is_async?: boolean
  readonly key?: string | null
  readonly [more: string]: unknown
}

export interface FileRecord extends RecordBase {
  /** Bytes. */
  readonly size: number
  /** sha256 in hex. */
  readonly hash: string
  readonly content_type: string | null
  readonly content_path: string
}

export interface NewFile extends NewBase {
  readonly content_type?: string | null
  /** Its content; one of both. */
  readonly text?: string
  readonly base64?: string
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
