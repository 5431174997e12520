export { answerWaits, type AnsweredExecution, type WaitAnswer } from './answers.ts'
export { applyIfVersion } from './apply-if-version.ts'
export { createBatcher, type Batcher, type BatcherOptions } from './batcher.ts'
export { claimExecutions, markWatched, type ExecutionVersion } from './claim-executions.ts'
export {
  commitActivations,
  type ActivationCommit,
  type CommitResult,
  type NewLockRequest,
  type NewWait,
} from './commit-activations.ts'
export { createExecutions } from './create-executions.ts'
export { createDatabase, type Database, type DatabaseOptions, type Queryable } from './database.ts'
export {
  liveProcesses,
  PROCESS_LEASE_RENEW_MS,
  PROCESS_LEASE_TTL_MS,
  type ProcessRow,
  registerProcess,
  removeProcess,
  renewProcess,
} from './leases.ts'
export {
  loadForActivation,
  loadScripts,
  type LoadedExecution,
  type ScriptRow,
} from './load-executions.ts'
export { migrate } from './migrate.ts'
export type { NewExecution } from './new-execution.ts'
export { INLINE_MAX_CHARS, type Payload, payloadOf, putPayloads, readPayloads } from './payloads.ts'
export { pgText, pgTextOrNull } from './pg-text.ts'
export {
  type ExecutionKey,
  type ExecutionRow,
  readExecution,
  readWaits,
  toExecution,
  type WaitRow,
} from './read-execution.ts'
export { loadStatements, type Statement } from './statement.ts'
