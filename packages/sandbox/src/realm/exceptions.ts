import type { ErrorValue, Json } from '@millrace/replay'

/** The exceptions of the Flow API, as authors see them. */
export class EngineException extends Error {
  declare readonly details: Json | undefined
  constructor(message?: string, options?: { cause?: unknown; details?: Json }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    own(this, 'name', new.target.name)
    if (options?.details !== undefined) own(this, 'details', options.details)
  }
}

export class InternalError extends EngineException {}
export class PermissionDenied extends EngineException {}
export class LifecycleSignal extends EngineException {}
export class ExecutionSuccess extends LifecycleSignal {}
export class ExecutionError extends LifecycleSignal {}
export class ExecutionCancel extends LifecycleSignal {}
/** Ends this life of the execution; the next one begins after call `to`. */
export class ExecutionRevert extends LifecycleSignal {
  declare readonly to: number
  constructor(to: number) {
    super(`back to savepoint ${to}`)
    own(this, 'to', to)
  }
}
export class ResourceNotFoundError extends EngineException {}
export class TimeoutExceededError extends EngineException {}
export class LockTimeoutError extends TimeoutExceededError {}
export class DependencyTimeoutError extends TimeoutExceededError {}
export class MessageResponseTimeoutError extends TimeoutExceededError {}
export class MissingInputError extends EngineException {}
export class InvalidInputError extends EngineException {}
export class ExtraInputError extends EngineException {}
export class SchemaValidationError extends EngineException {}
export class DeadlockError extends EngineException {}
export class MessageClosedError extends EngineException {}

export class DependencyFailedError extends EngineException {
  /** Those that have ended, in the order of the call. */
  declare readonly executions: readonly unknown[]
  constructor(message?: string, executions: readonly unknown[] = []) {
    super(message)
    own(this, 'executions', Object.freeze([...executions]))
  }
}

export class ConnectionError extends DependencyFailedError {
  declare readonly code: string | null
  declare readonly phase: string | null
  declare readonly outcome: string | null
  constructor(
    message?: string,
    executions: readonly unknown[] = [],
    facts: Record<string, unknown> = {},
  ) {
    super(message, executions)
    for (const key of ['code', 'phase', 'outcome']) {
      const value = facts[key]
      own(this, key, typeof value === 'string' ? value : null)
    }
    own(this, 'details', facts)
  }
}

export const EXCEPTIONS = {
  EngineException,
  InternalError,
  PermissionDenied,
  LifecycleSignal,
  ExecutionSuccess,
  ExecutionError,
  ExecutionCancel,
  ExecutionRevert,
  ResourceNotFoundError,
  DependencyFailedError,
  ConnectionError,
  TimeoutExceededError,
  LockTimeoutError,
  DependencyTimeoutError,
  MessageResponseTimeoutError,
  MissingInputError,
  InvalidInputError,
  ExtraInputError,
  SchemaValidationError,
  DeadlockError,
  MessageClosedError,
}

type ErrorClass = new (message?: string) => Error

const NATIVE: Record<string, ErrorClass> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
}

/** An error that was recorded or that the engine sent, as an object to throw. */
export function errorOf(value: ErrorValue, frames: () => string): Error {
  const table = EXCEPTIONS as unknown as Record<string, ErrorClass>
  const Native = Object.hasOwn(NATIVE, value.name) ? NATIVE[value.name] : undefined
  const Known = Object.hasOwn(table, value.name) ? table[value.name] : Native
  const error = new (Known ?? (Object.hasOwn(value, 'details') ? EngineException : Error))(
    value.message,
  )
  if (Known === undefined) own(error, 'name', value.name)
  const { details } = value
  if (isRecord(details)) {
    for (const key of ['code', 'phase', 'outcome', 'reason']) {
      if (typeof details[key] === 'string') own(error, key, details[key])
    }
  }
  if (details !== undefined) own(error, 'details', details)
  const stack = isRecord(details) ? details['stack'] : undefined
  own(
    error,
    'stack',
    typeof stack === 'string' ? stack : `${value.name}: ${value.message}${frames()}`,
  )
  return error
}

/** Gives an exception made by the realm the frames of the call that it answers. */
export function withFrames<E extends Error>(error: E, frames: () => string): E {
  own(error, 'stack', `${error.name}: ${error.message}${frames()}`)
  return error
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Not enumerable, as an error's own fields are. */
function own(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  })
}
