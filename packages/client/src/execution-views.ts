import type { Json } from './json.ts'

/** Why an execution is not moving, and what would free it. Times are RFC 3339. */
export interface Why {
  readonly moving: boolean
  readonly status: string
  /** One sentence. */
  readonly reason: string | null
  readonly since: string | null
  /** When it goes on by itself at the latest; null for never. */
  readonly until: string | null
  readonly waits: readonly Wait[]
  /** What frees it when that is no matter of a wait, such as a pause. */
  readonly unblock?: readonly Unblock[]
  /** When its maximum runtime ends it; absent in the short form. */
  readonly ends_at?: string | null
  /** With `chain`: what each awaited execution waits for in turn, down to the root. */
  readonly chain?: readonly ChainLink[]
}

export interface ChainLink {
  readonly execution_id: string
  readonly why: Why
}

export interface Wait {
  readonly kind: string
  /** What it waits for: an execution's id, a lock's key, a time. */
  readonly ref: Json
  /** One sentence. Absent in the short form that a record carries. */
  readonly reason?: string
  /** The execution that has what this one waits for. */
  readonly holder?: string | null
  /** Place in the queue; 1 is next. */
  readonly position?: number | null
  readonly since: string | null
  readonly until: string | null
  readonly unblock?: readonly Unblock[]
}

/** A request that would free it. */
export interface Unblock {
  readonly action: string
  readonly href: string
}

/** One line that the code has logged. */
export interface LogEntry {
  readonly seq: number
  readonly at: string
  readonly values: readonly Json[]
}

/** One recorded call of the flow. */
export interface Savepoint {
  /** `generation.seq`: what it is gone back to by. */
  readonly id: string
  readonly generation: number
  readonly seq: number
  readonly name: string | null
  /** Null at the beginning. */
  readonly command: string | null
  readonly lineno: number | null
  readonly created_at: string
  readonly answered_at: string | null
  readonly state: string
}

/** How an execution stood right after a savepoint. */
export interface Stand extends Savepoint {
  readonly execution_id: string
  readonly input_value: Json
  /** Calls that were waiting for an answer. */
  readonly waits: readonly {
    readonly seq: number
    readonly command: string
    readonly name: string
    readonly lineno: number | null
    readonly since: string | null
  }[]
  /** Names of the locks that it held. */
  readonly locks: readonly string[]
  /** What it had logged; the newest 1,000 lines. */
  readonly logs: readonly LogEntry[]
  readonly logs_truncated: boolean
}

/** How an execution came to one of its generations. */
export interface Revert {
  readonly generation: number
  /** What it went back to. */
  readonly savepoint_id: string
  readonly name: string | null
  /** Null: its own code. */
  readonly created_by: string | null
  readonly created_at: string
}

/** An execution in its tree. */
export interface TreeNode {
  readonly id: string
  readonly name: string | null
  readonly type: string
  readonly status: string
  readonly children: readonly TreeNode[]
}
