/**
 * The types of the Flow API. A flow is a module whose default export is its handler:
 *
 *     import type { System, Execution } from '@millrace/flow-api'
 *
 *     export default async function handler(system: System, self: Execution, inputs: Json) {
 *       const child = await self.flow('my-child-flow', { customer: 'value' })
 *       return child.output
 *     }
 *
 * Classes of exceptions and `ReturnWhen` exist at run time inside a flow only; there they are
 * globals too. Everything else is types. Durations are seconds, points in time ms since 1970.
 *
 * Between two calls of the API a flow must depend on nothing but its inputs and earlier answers:
 * after a crash its code runs again from the top, and each call that was answered before is answered
 * from the history. `Date`, `Math.random` and `crypto.randomUUID` keep to that by themselves.
 */
export type { Json } from './json.ts'
export type { System } from './system.ts'
export type { Execution, Handler, Starter } from './execution.ts'
export type { ChildExecution, ExecutionStatus } from './child-execution.ts'
export type { File, FileFacts } from './files.ts'
export type { Lock, Semaphore, Setting } from './locks.ts'
export type { Message, MessageLink, MessageOptions } from './message.ts'
export type { Filter, ListOptions, RestAddress, StoredRecord } from './records.ts'
export type {
  ChildOptions,
  ConnectorSpec,
  EndStatus,
  InitFields,
  LockOptions,
  ReturnWhenValue,
  SaveFields,
  WaitOptions,
  Wrapped,
  WrapperUse,
} from './options.ts'

export { ReturnWhen } from './options.ts'
export {
  ConnectionError,
  DeadlockError,
  DependencyFailedError,
  DependencyTimeoutError,
  EngineException,
  ExecutionCancel,
  ExecutionError,
  ExecutionRevert,
  ExecutionSuccess,
  ExtraInputError,
  InternalError,
  InvalidInputError,
  LifecycleSignal,
  LockTimeoutError,
  MessageClosedError,
  MessageResponseTimeoutError,
  MissingInputError,
  PermissionDenied,
  ResourceNotFoundError,
  SchemaValidationError,
  TimeoutExceededError,
} from './exceptions.ts'
