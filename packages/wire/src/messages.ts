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
  /** Present for an execution that has never run. `input` is JSON text. Times: ms since 1970. */
  readonly fresh?: {
    readonly type: string
    readonly scriptHash: string
    readonly input: string
    readonly name: string | null
    readonly parentId: string | null
    readonly topId: string
    readonly traceparent: string | null
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
