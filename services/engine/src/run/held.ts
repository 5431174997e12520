import type { WaitKind } from '@millrace/execution'

/** A script and its workspace: what one realm of the sandbox runs. */
export interface Realm {
  readonly workspaceId: string
  readonly script: { readonly hash: string; readonly language: string; readonly source: string }
}

/** A wait that is open, as far as this engine knows. */
export interface OpenWait {
  readonly kind: WaitKind
  /** ms since 1970 by this machine's clock, for display only; null without a limit. */
  readonly dueAt: number | null
}

/** What children take over from the execution that starts them. */
export interface Inheritance {
  readonly isProductive: boolean
  readonly priority: number
  readonly projectId: string | null
  readonly createdBy: string | null
}

/**
 * An execution in this engine's hands: running, or suspended in the sandbox and kept warm. The row
 * is the truth; this is what lets the next answer go on without reading it.
 */
export interface Held {
  readonly workspaceId: string
  readonly executionId: string
  readonly generation: number
  readonly realm: Realm
  readonly type: string
  readonly name: string | null
  readonly parentId: string | null
  readonly topId: string
  readonly traceparent: string | null
  readonly startedAt: number
  /** sha256 (hex) of the schema that its output has to match; null without one. */
  readonly outputSchema: string | null
  readonly waits: Map<number, OpenWait>
  /** The version of the row that the next commit is guarded by. */
  version: number
  /** The last positioned answer that the code has seen. */
  consumed: number
  /** Whether it ever had a wait in the table. */
  hadWaits: boolean
  /** Whether it has ever asked for a lock: the locks' manager wants to know when it ends. */
  askedForLocks: boolean
  inheritance: Inheritance | null
}

/** How the sandbox names it. A revert begins another life under another key. */
export const sandboxKey = (held: Pick<Held, 'executionId' | 'generation'>): string =>
  `${held.executionId}:${held.generation}`
