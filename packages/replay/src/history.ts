/** Any JSON value. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A value of any size: in place, or by reference to the payload table when above 32 KiB. */
export type Value = { readonly v: Json } | { readonly p: PayloadRef }

/** `hash`: sha256 of the JSON text in hex; `size`: its length in bytes. */
export interface PayloadRef {
  readonly hash: string
  readonly size: number
}

/** How an execution that somebody waited for has ended. */
export interface EndedExecution {
  readonly id: string
  readonly status: 'ENDED_SUCCESS' | 'ENDED_ERROR' | 'ENDED_CANCELLED'
  readonly message: string | null
  readonly output: Value
}

/** An error that is thrown at the call it answers. `name` is a class of the Flow API's exceptions. */
export interface ErrorValue {
  readonly name: string
  readonly message: string
  readonly details?: Json
}

/**
 * What a command is answered with.
 * `value`: its result. `error`: it throws. `timeout`: its own timeout ran out; the call throws the
 * TimeoutExceededError that belongs to its kind. `dependency`: `met` returns, `failed` throws
 * DependencyFailedError; `ended` lists the awaited executions that have ended, in the caller's order.
 */
export type Outcome =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error'; readonly error: ErrorValue }
  | { readonly kind: 'timeout' }
  | {
      readonly kind: 'dependency'
      readonly verdict: 'met' | 'failed'
      readonly ended: readonly EndedExecution[]
    }

/**
 * One call of the Flow API as it is kept. `outcome` is present when the call was answered inside
 * the activation that made it (pure steps, reads, refused starts); otherwise its answer has a
 * position of its own.
 */
export interface HistoryEntry {
  readonly seq: number
  readonly kind: CommandKind
  /** What a person would call it: a step's name, a flow's name, a lock's name. */
  readonly label: string
  readonly line: number | null
  /** Fingerprint of kind, label and arguments: a replay that makes another call here has diverged. */
  readonly digest: string
  readonly outcome?: Outcome
  /** A step whose callback was asynchronous: its outcome reaches the code in a crossing of its own. */
  readonly deferred?: true
  /** `break`: which visit of its line the debugger stopped at, and inside which step. */
  readonly hit?: number
  readonly inside?: number
  /** `step_end`: the step whose outcome this is. It was begun in an earlier activation and stopped in. */
  readonly of?: number
  /** Inherited without an answer: the life that inherits it asks the world for it once more. */
  readonly again?: true
  /** On the first entry of a history that was inherited: whose lives its calls are of, oldest first. */
  readonly lives?: readonly Life[]
}

/**
 * A life whose first calls a later one inherits: a generation of the execution, or of the one that it is
 * a rerun of. Its ids, chance and time were made of these, and a replay makes them again.
 */
export interface Life {
  readonly id: string
  readonly generation: number
  /** ms since 1970: when its code first ran. */
  readonly startedAt: number
  /** The last call that was inherited of it. */
  readonly last: number
  /** ms since 1970: when the next life began. That life sees no earlier time. */
  readonly cutAt: number
}

/** An answer with its place in the order in which answers reached the code. Times are ms since 1970. */
export interface Answer {
  readonly position: number
  readonly seq: number
  readonly outcome: Outcome
  readonly at: number
}

export interface LogLine {
  readonly seq: number
  readonly at: number
  readonly values: readonly Json[]
}

export const COMMAND_KINDS = [
  'step',
  'log',
  'save',
  'start',
  'call',
  'wait',
  'sleep',
  'lock',
  'unlock',
  'setting_get',
  'setting_set',
  'file_get',
  'file_set',
  'file_delete',
  'control',
  'read',
  'record',
  'message',
  'message_wait',
  'message_read',
  'message_link',
  'break',
  'step_end',
  'savepoint',
  'revert',
] as const
export type CommandKind = (typeof COMMAND_KINDS)[number]
