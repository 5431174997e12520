import type { WaitKind } from '@millrace/execution'
import type { DebugSettings } from '@millrace/replay'
import type { Script } from '@millrace/sandbox'

/** A script and its workspace: what one realm of the sandbox runs. */
export interface Realm {
  readonly workspaceId: string
  readonly script: Script
}

/** A wait that is open, as far as this engine knows. */
export interface OpenWait {
  readonly kind: Exclude<WaitKind, 'BREAK'>
  /** ms since 1970 by this machine's clock, for display only; null without a limit. */
  readonly dueAt: number | null
}

/** How it stands with its debugger: of what is in development mode, or was when it was stopped. */
export interface HeldDebug {
  /** It runs in the debugger's realm. */
  readonly isOn: boolean
  /** What is wanted now; null: the debugging is over, and stops of the past are passed. */
  readonly settings: DebugSettings | null
  /** Whether its children stop at the breakpoints of their flows. */
  readonly heedsBreakpoints: boolean
  /** The only lines that are looked at; null: all. */
  readonly lines: readonly number[] | null
}

/** What children take over from the execution that starts them. */
export interface Inheritance {
  readonly isProductive: boolean
  readonly priority: number
  readonly projectId: string | null
  readonly createdBy: string | null
  /** Of the iteration of a schedule: whose flows it starts. */
  readonly scheduleId: string | null
  /** Whether wrappers always stand around those. */
  readonly isScheduleWrapped: boolean
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
  /** The one it was born with, which its code sees. */
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
  /** Bytes of history and answers that a replay would need, with the values that they refer to. */
  past: number
  /** Whether it ever had a wait in the table. */
  hadWaits: boolean
  /** Whether it has ever asked for a lock: the locks' manager wants to know when it ends. */
  askedForLocks: boolean
  inheritance: Inheritance | null
  /** Null: productive. What is not is never kept warm: every activation asks anew what is wanted. */
  readonly debug: HeldDebug | null
}

/** How the sandbox names it. A revert begins another life under another key. */
export const sandboxKey = (held: Pick<Held, 'executionId' | 'generation'>): string =>
  `${held.executionId}:${held.generation}`
