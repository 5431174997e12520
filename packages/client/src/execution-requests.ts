import type { Json } from './json.ts'
import type { Filter } from './list.ts'
import type { WrapperUse } from './record-types.ts'

/** What to run. Exactly one of the first eight says what; the rest is optional. */
export interface NewExecution {
  readonly flow_id?: string
  readonly flow_name?: string
  /** Source text of an ad-hoc script. */
  readonly script?: string
  readonly connector_id?: string
  readonly connector_name?: string
  readonly connector_type?: string
  readonly wrapper_id?: string
  readonly wrapper_name?: string
  readonly input_value?: Json
  readonly name?: string
  readonly description?: string
  readonly metadata?: Json
  readonly project_id?: string
  readonly project_name?: string
  readonly tags?: readonly string[]
  /** Out of lists that do not ask for it. */
  readonly is_hidden?: boolean
  /** False: development mode, which alone has the debugger. */
  readonly is_productive?: boolean
  /** Lines to stop before; those of the flow by default. */
  readonly breakpoints?: readonly number[]
  readonly use_breakpoints?: boolean
  readonly use_only_explicit_breakpoints?: boolean
  /** Stop at the first line. */
  readonly break?: boolean
  /** RFC 3339: start then, not now. */
  readonly scheduled_for?: string
  /** False: create only; it stays PAUSED until resumed. */
  readonly run?: boolean
  readonly priority?: number
  /** Null: no limit, whatever the flow says. */
  readonly max_runtime_seconds?: number | null
  /** `ALL` by default; `LAST` keeps the newest savepoint only. */
  readonly savepoint_retention?: 'ALL' | 'LAST'
  /** Around what runs, from the outermost on. */
  readonly wrappers?: readonly WrapperUse[]
  /** True: the wrappers that always stand around what runs are left out. */
  readonly unwrapped?: boolean
}

/** What may be changed afterwards; what is not given stays, null clears. */
export interface ExecutionPatch {
  readonly name?: string | null
  readonly description?: string | null
  readonly metadata?: Json
  readonly tags?: readonly string[] | null
  readonly is_hidden?: boolean
}

/** What is different about a rerun. */
export interface RerunRequest {
  readonly input_value?: Json
  /** Number, id or name of the savepoint to begin after; without it from the beginning. */
  readonly from_savepoint?: number | string
  /** The flow's present script instead of the one that it ran. */
  readonly on_latest?: boolean
  readonly name?: string | null
  readonly is_productive?: boolean
  /** False: create only; it stays PAUSED until resumed. */
  readonly run?: boolean
}

/** Which savepoint; exactly one of the three. */
export type SavepointRef =
  { readonly savepoint_id: string } | { readonly seq: number } | { readonly name: string }

export type BulkAction = 'cancel' | 'pause' | 'resume' | 'delete' | 'rerun'

export interface BulkRequest {
  readonly action: BulkAction
  readonly ids?: readonly string[]
  readonly filter?: Filter
  /** Say what would be touched and touch nothing. */
  readonly dry_run?: boolean
  /** Of those that are cancelled. */
  readonly message?: string
}

export interface BulkResult {
  readonly items: readonly BulkItem[]
}

/** What became of one execution of a bulk request; `status` is the HTTP status it would have had alone. */
export interface BulkItem {
  readonly id: string
  readonly status: number
  readonly detail?: string | null
}

export interface BatchResult {
  readonly ids: readonly string[]
}
