import type { Json } from './json.ts'

/** When a wait is over. The names are constants, so that `ReturnWhen.ALL_ENDED` reads as it is meant. */
export declare const ReturnWhen: {
  /** All have ended, in whatever way. */
  readonly ALL_ENDED: 'ALL_ENDED'
  /** All have succeeded; fails as soon as one cannot any more. The default everywhere. */
  readonly ALL_SUCCEEDED: 'ALL_SUCCEEDED'
  /** At least one has ended, in whatever way. */
  readonly FIRST_ENDED: 'FIRST_ENDED'
  /** At least one has succeeded; fails once none can. */
  readonly FIRST_SUCCEEDED: 'FIRST_SUCCEEDED'
}

/** `{ ended: n }` and `{ succeeded: n }`: n of those that are waited for. */
export type ReturnWhenValue =
  | 'ALL_ENDED'
  | 'ALL_SUCCEEDED'
  | 'FIRST_ENDED'
  | 'FIRST_SUCCEEDED'
  | { readonly ended: number }
  | { readonly succeeded: number }

export interface WaitOptions {
  /** Default ALL_SUCCEEDED. */
  readonly returnWhen?: ReturnWhenValue
  /** Seconds; default none. Throws DependencyTimeoutError when it runs out. */
  readonly timeout?: number | null
}

export interface LockOptions {
  /** Seconds; default none. Throws LockTimeoutError when it runs out. */
  readonly timeout?: number | null
}

/** Fields of a new execution's record. */
export interface InitFields {
  /** At most 128 characters; blanks around it are dropped. */
  readonly name?: string
  readonly project_id?: string
  readonly description?: string
  /** Free for your own use. */
  readonly metadata?: Json
  /** When it starts: a Date, ms since 1970 or an RFC 3339 time. */
  readonly scheduled_for?: Date | number | string
  readonly orphan?: boolean
  readonly priority?: number
  /** Which savepoints one may look at and go back to: all (default), or the newest. */
  readonly savepoint_retention?: 'ALL' | 'LAST'
  /** Ends it in error after so many seconds; null for no limit, whatever its flow says. */
  readonly max_runtime_seconds?: number | null
}

export interface ChildOptions {
  /** Default true: wait until it has succeeded. False: do not wait. Otherwise when to go on. */
  readonly wait?: boolean | ReturnWhenValue
  /** Default true. False: create it PAUSED and do not wait; `run()` or `runAsync()` starts it. */
  readonly run?: boolean
  /** Seconds to wait at most; default no limit. The child goes on when it runs out. */
  readonly timeout?: number | null
  /** The name of its record; at most 128 characters. */
  readonly name?: string
  readonly init?: InitFields
  /** True: not part of this execution's tree; it outlives a cancel. Default false. */
  readonly orphan?: boolean
  /** Higher ones run first; a whole number, default 0. */
  readonly priority?: number
  /** Ends it in error after so many seconds; null for no limit, whatever its flow says. */
  readonly maxRuntime?: number | null
  /** More inputs; they win over those of the call. */
  readonly inputs?: { readonly [key: string]: Json }
  /** Wrappers of this call from the outermost on; names, or with what each is given. At most 16. */
  readonly wrappers?: readonly (string | WrapperUse)[]
  /** True: the wrappers that always stand around what it runs are left out. Default false. */
  readonly unwrapped?: boolean
}

/** A wrapper and what it is given. One of `id` and `name`; the id counts. */
export interface WrapperUse {
  readonly id?: string
  readonly name?: string
  readonly input?: { readonly [key: string]: Json }
}

/**
 * What a wrapper runs in place of, `inputs.wrapped`: the fields that a request would start it with.
 * `self.wrapped()` starts it.
 */
export interface Wrapped {
  readonly type: 'FLOW' | 'SCRIPT' | 'CONNECTION' | 'SCHEDULE' | 'WRAPPER'
  readonly flow_id?: string
  readonly flow_name?: string
  readonly script?: string
  readonly connector_id?: string
  readonly connector_name?: string
  readonly connector_type?: string
  readonly wrapper_id?: string
  readonly wrapper_name?: string
  /** Of the execution. */
  readonly name?: string
  readonly project_id?: string
  readonly description?: string
  readonly metadata?: Json
  /** Lines of what is wrapped to stop at, in development mode. */
  readonly breakpoints?: readonly number[]
  readonly input_value: any
  /** Those that come between this wrapper and what it wraps, from the outermost on. */
  readonly wrappers?: readonly WrapperUse[]
}

/** A connection with all its inputs inline. */
export interface ConnectorSpec {
  /** Such as 'REST' or 'SQLPG'. */
  readonly connector_type: string
  readonly [input: string]: Json
}

export interface SaveFields {
  readonly message?: string
  readonly name?: string
  /** Replaces the whole output. */
  readonly output_value?: Json
}

export type EndStatus = 'ENDED_SUCCESS' | 'ENDED_ERROR' | 'ENDED_CANCELLED'
