export { answerWaits, type AnsweredExecution, type WaitAnswer } from './answers.ts'
export { applyIfVersion } from './apply-if-version.ts'
export { createBatcher, type Batcher, type BatcherOptions } from './batcher.ts'
export {
  type Claim,
  claimExecutions,
  markWatched,
  type ExecutionVersion,
} from './claim-executions.ts'
export {
  commitActivations,
  isShort,
  type ActivationCommit,
  type CommitResult,
  type NewFile,
  type NewLockRequest,
  type NewWait,
} from './commit-activations.ts'
export { type BirthAndEnd, createEnded, type EndedAtBirth } from './create-ended.ts'
export { createExecutions } from './create-executions.ts'
export {
  type DebugProperties,
  debugPropertiesOf,
  isDebugged,
  linesOf,
  withDebugProperties,
} from './debug-properties.ts'
export {
  commitDebugged,
  type DebugSession,
  makeProductive,
  type NewStop,
  readDebugSession,
  readFlowBreakpoints,
  releaseStop,
} from './debug-sessions.ts'
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
export {
  keepsLast,
  newestSavepoint,
  readStand,
  type SavepointRef,
  type SavepointStand,
} from './find-savepoint.ts'
export { type ForkResult, forkExecution } from './fork-execution.ts'
export { listReverts, type RevertRow } from './list-reverts.ts'
export { migrate } from './migrate.ts'
export { createSchemaPins, type PinnedSchemas, type SchemaPins } from './pinned-schemas.ts'
export { firstStatus, type NewExecution } from './new-execution.ts'
export { INLINE_MAX_CHARS, type Payload, payloadOf, putPayloads, readPayloads } from './payloads.ts'
export { isPgJson, isPgText, pgText, pgTextOrNull } from './pg-text.ts'
export { pgTime } from './pg-time.ts'
export {
  type ExecutionKey,
  type ExecutionRow,
  readExecution,
  readWaits,
  toExecution,
  type WaitRow,
} from './read-execution.ts'
export { revertExecution, type RevertRequest, type RevertResult } from './revert-execution.ts'
export { refusalOf, wasRolledBack } from './sql-error.ts'
export { loadStatements, type Statement } from './statement.ts'
export {
  ensureSetting,
  type ExecutionFacts,
  putScripts,
  readFacts,
  type RecordRef,
  releaseClaimed,
  resolveConnectors,
  type ResolvedConnector,
  type ResolvedFlow,
  type ResolvedSetting,
  resolveFlows,
  resolveSettings,
} from './resolve.ts'

export { insertAudit } from './audit.ts'
export {
  type ApiKeyRow,
  type CredentialRow,
  insertApiKey,
  listApiKeys,
  readApiKey,
  readApiKeyByHash,
  trashApiKey,
} from './api-keys.ts'
export { type ConnectorFields, type ConnectorRow, connectors } from './connectors.ts'
export {
  type EndedRow,
  type ExecutionRecordRow,
  patchExecution,
  readEnded,
  readExecutionRecord,
  readExecutionRecords,
  readExecutionValue,
  readPayloadSize,
  readPayloadText,
  readScriptSources,
  type RecordWait,
} from './execution-records.ts'
export {
  hasAside,
  type Purge,
  purgeExecution,
  restoreExecution,
  trashExecution,
} from './execution-aside.ts'
export { importExecutions, type ImportedRow } from './execution-imports.ts'
export {
  listChildren,
  listExecutionIds,
  listExecutions,
  readTree,
  summarizeExecutions,
  SUMMARY_GROUPS,
  type SummaryGroup,
  type TreeRow,
} from './execution-lists.ts'
export { type FlowFields, type FlowRow, flows } from './flows.ts'
export {
  answerKey,
  claimKey,
  dropKey,
  type KeyClaim,
  type OwnKey,
  releaseKey,
  sweepKeys,
} from './idempotency.ts'
export type { Filter, FilterOp } from './list-filter.ts'
export type { ListRequest, Page } from './list-page.ts'
export {
  type LogPosition,
  type PlacedLogLine,
  afterCall,
  readLogs,
  readSavepoints,
  type SavepointView,
} from './logs.ts'
export { type ProjectFields, projects } from './projects.ts'
export { listRecordIds, listRecords, type RecordRows, type RecordType } from './record-lists.ts'
export type { ProjectRecordRow, RecordAct, RecordKey, RecordRow, RecordStore } from './records.ts'
export { putScript, readScript, type Script, scriptHash } from './scripts.ts'
export {
  endSession,
  endSessionsOf,
  insertSession,
  readSessionByHash,
  sweepSessions,
} from './sessions.ts'
export { type SettingFields, type SettingRow, settings } from './settings.ts'
export {
  countLoginFailure,
  forgetLoginFailures,
  insertUser,
  listUsers,
  type LoginSource,
  readLoginLock,
  readUser,
  readUserByName,
  setPassword,
  trashUser,
  type UserRow,
  type UserWithPassword,
} from './users.ts'
export {
  type AwaitedRow,
  type LockKey,
  readAwaited,
  readBlocks,
  readClock,
  readLockedSettingName,
} from './why.ts'
export {
  insertWorkspace,
  isFirstStart,
  listWorkspaces,
  readOrganizationId,
  readWorkspace,
  type WorkspaceRow,
} from './workspaces.ts'

export {
  dropShards,
  type HeldShard,
  keepShards,
  readShards,
  SHARD_LEASE_TTL_MS,
  type ShardFence,
  shardOfExecution,
  shardOfLock,
  type ShardRow,
  SHARDS,
} from './shard-leases.ts'
export { countWaits, type DueWait, nextDueMs, takeDue, type WaitCounts } from './timers.ts'
export { collectDependencies, type DependencyHints } from './dependencies.ts'
export {
  deleteStaleWaits,
  type ExecutionFind,
  expiredProcesses,
  heldByProcess,
  type RecoveredExecution,
  recoverLost,
  removeExpired,
  sweepExecutions,
  sweepWaits,
  type WaitFind,
  type WaitKey,
} from './sweep.ts'
export { type ExaminedExecution, examineExecutions, examineWaits } from './examine.ts'
export {
  readStatuses,
  type Standing,
  type SteerAction,
  type SteeredExecution,
  steerExecutions,
} from './steer-executions.ts'
export { type ControlRequest, readControls } from './controls.ts'
export { type AskedOfRecords, lockAsked, readRecordRequests } from './record-requests.ts'
export {
  type CancelledExecution,
  cancelExecutions,
  type ChildExecution,
  type ParentIs,
  readChildrenOfMany,
} from './cascades.ts'
export {
  countLockQueues,
  FRESH_MAX,
  type FreshRequest,
  type LoadedLock,
  loadLocks,
  type LockChange,
  locksHeldBy,
  locksToServe,
  removeIdleGates,
  saveLocks,
} from './locks.ts'
export {
  auditForceRelease,
  inspectLock,
  listGateKeys,
  listLocks,
  type LockSummary,
  type LockView,
} from './inspect-locks.ts'
export {
  type BlockedExecution,
  type BlockedWait,
  dependencySeeds,
  loadBlocked,
  lockExecutions,
  lockSeeds,
  type LockWaitCursor,
} from './deadlocks.ts'
export { wrapExecution } from './wrap-execution.ts'
export {
  type JsonObject,
  type ResolvedWrapper,
  resolveWrappers,
  type WrapperUse,
  wrapTargets,
  type Wrapping,
  type WrapTarget,
} from './wrap-targets.ts'
export { createPresence, type Presence } from './presence.ts'
export { createShardKeeper, type ShardKeeper } from './shard-keeper.ts'
export {
  adoptConnection,
  type AttemptOutcome,
  type AttemptRow,
  claimConnections,
  type ClaimedConnection,
  closeAttempt,
  type ConnectionClaim,
  type ConnectionEnd,
  type ConnectionEndResult,
  endConnections,
  type HeldConnection,
  loadConnections,
  type LoadedConnection,
  nextAttempt,
  readConnectionStates,
  releaseConnection,
} from './connections.ts'
export {
  addPartition,
  dropPartition,
  type Partition,
  PARTITIONED,
  type Partitioned,
  readPartitions,
} from './partitions.ts'
export {
  type Content,
  listRetained,
  referredContents,
  removeContents,
  removeDeepest,
  type RemovedPage,
  removeTrees,
  type Retained,
  touchContents,
  unusedContents,
} from './retention.ts'
export * from './beside-executions.ts'
