import type { Status } from '@millrace/execution'

/** Names one execution anywhere. */
export interface ExecutionKey {
  readonly workspaceId: string
  readonly executionId: string
}

/**
 * Work to take: an execution in WAITING_ENGINE. All but the first three fields are copies of
 * committed facts that save the taker a read; a taker must do without them.
 */
export interface DispatchItem extends ExecutionKey {
  readonly version: number
  /** Says in which lane it goes, 0 when absent; does not travel. */
  readonly priority?: number
  /** Present for an execution that has never run. `input` is JSON text. Times: ms since 1970. */
  readonly fresh?: {
    readonly type: string
    readonly scriptHash: string
    readonly input: string
    readonly name: string | null
    readonly parentId: string | null
    readonly topId: string
    readonly traceparent: string | null
    /** JSON text of rarely set properties. */
    readonly extra?: string | null
  }
}

/** Answers for an execution that an engine keeps warm. `outcome` is JSON text of replay's Outcome. */
export interface ResumeItem extends ExecutionKey {
  readonly version: number
  readonly answers: readonly {
    readonly position: number
    readonly seq: number
    readonly outcome: string
    readonly at: number
  }[]
}

/** An execution was moved by somebody else: whoever holds or keeps it must let go. */
export interface ControlItem extends ExecutionKey {
  readonly version: number
  readonly status: Status
}

/** An execution has moved. The truth is the row; this is for live views and waiting requests. */
export interface MovedItem extends ExecutionKey {
  readonly version: number
  readonly status: Status
  readonly parentId: string | null
}

/** An execution has ended and somebody may wait for it: a parent, or one that marked it watched. */
export interface EndedItem extends ExecutionKey {
  readonly status: Status
}

export interface LockNudge {
  readonly workspaceId: string
  readonly key: string
}

/** A dependency wait was opened on executions that existed before: they may have ended already. */
export interface DependencyNudge extends ExecutionKey {
  readonly seq: number
}

export interface RecordNudge {
  readonly workspaceId: string
  readonly type: string
  readonly id: string
}

/** Executions for one engine to run that nobody has stored yet; `replyTo` hears what became of them. */
export interface EagerBatch {
  readonly replyTo: string
  readonly items: readonly EagerStart[]
}

/** An execution whose starter waits for its end. `input` and `extra` are JSON text. */
export interface EagerStart extends ExecutionKey {
  readonly type: 'FLOW' | 'SCRIPT'
  readonly name: string | null
  readonly flowId: string | null
  readonly scriptHash: string
  readonly projectId: string | null
  readonly input: string
  readonly isProductive: boolean
  readonly priority: number
  readonly createdBy: string | null
  readonly traceparent: string | null
  readonly extra: string | null
}

/** What became of an eager start: its end, or why this engine has stored nothing of it. */
export type EagerResult =
  | { readonly executionId: string; readonly end: EagerEnd }
  | { readonly executionId: string; readonly refusal: EagerRefusal }

/**
 * `waits`: its code asks something of the world, and so would the next of this script. `slow`: its
 * code or this engine is. `busy`: this engine has enough, or could not store it.
 */
export const EAGER_REFUSALS = ['waits', 'slow', 'busy'] as const
export type EagerRefusal = (typeof EAGER_REFUSALS)[number]

/** What an execution that was born and ended in one commit is. Times: ms since 1970. */
export interface EagerEnd {
  readonly status: Status
  readonly processId: string
  readonly line: number | null
  readonly lastCommand: string | null
  readonly name: string | null
  readonly message: string | null
  /** JSON text; null when `outputHash` names a payload. */
  readonly output: string | null
  readonly outputHash: string | null
  readonly createdAt: number
  readonly startedAt: number
  readonly endedAt: number
}
