import type { ChildExecution } from './child-execution.ts'

/** What all exceptions of the Flow API have in common. */
export declare class EngineException extends Error {
  /** What else is known, as JSON. */
  readonly details?: any
}

/** A fault of the platform. */
export declare class InternalError extends EngineException {}
/** The execution's roles do not allow it. */
export declare class PermissionDenied extends EngineException {}

/** How `success`, `error`, `cancel` and `revert` end an execution, or its life. Catching one changes nothing. */
export declare class LifecycleSignal extends EngineException {}
export declare class ExecutionSuccess extends LifecycleSignal {}
export declare class ExecutionError extends LifecycleSignal {}
export declare class ExecutionCancel extends LifecycleSignal {}
export declare class ExecutionRevert extends LifecycleSignal {}

/** There is no such flow, connector, setting or execution. */
export declare class ResourceNotFoundError extends EngineException {}

/** What was waited for cannot come true any more. */
export declare class DependencyFailedError extends EngineException {
  /** Those that have ended, in the order of the call. */
  readonly executions: readonly ChildExecution[]
}

/** A connection has failed. */
export declare class ConnectionError extends DependencyFailedError {
  /** What went wrong, such as TIMEOUT or REFUSED. */
  readonly code: string | null
  /** How far it had come. */
  readonly phase: string | null
  /** What is known of its effect over there: whether it may have happened. */
  readonly outcome: string | null
}

/** A timeout ran out; which one says the subclass. */
export declare class TimeoutExceededError extends EngineException {}
export declare class LockTimeoutError extends TimeoutExceededError {}
export declare class DependencyTimeoutError extends TimeoutExceededError {}
export declare class MessageResponseTimeoutError extends TimeoutExceededError {}

/** A connector needs an input that was not given. */
export declare class MissingInputError extends EngineException {}
/** An input or an argument is of the wrong type. */
export declare class InvalidInputError extends EngineException {}
/** A connector was given an input that it does not know. */
export declare class ExtraInputError extends EngineException {}
/** A value does not fit its schema. */
export declare class SchemaValidationError extends EngineException {}

/** Executions wait for each other in a circle; this one was chosen to break it. */
export declare class DeadlockError extends EngineException {}

/** A message that is waited for was closed: nobody can answer it any more. `details.reason` says why. */
export declare class MessageClosedError extends EngineException {}
