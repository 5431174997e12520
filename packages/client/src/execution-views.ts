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
  readonly seq: number
  readonly name: string | null
  readonly command: string
  readonly lineno: number | null
  readonly created_at: string
  readonly state: string
}

/** An execution in its tree. */
export interface TreeNode {
  readonly id: string
  readonly name: string | null
  readonly type: string
  readonly status: string
  readonly children: readonly TreeNode[]
}
