/**
 * The contracts of proto/ in TypeScript, and the only user of what is generated from them.
 *
 * Bus messages are plain types (`messages.ts`) with a pair of functions each: `decodeX(encodeX(x))` is
 * x, and bytes that are something else throw. gRPC services are definitions for the runtime's
 * `serveGrpc` and `createGrpcClient`, with their messages under `pb`.
 *
 * Statuses and types are spelled with a prefix in proto; one codec translates, nothing casts.
 */
export type {
  ControlItem,
  DependencyNudge,
  DispatchItem,
  EagerBatch,
  EagerEnd,
  EagerRefusal,
  EagerResult,
  EagerStart,
  EndedItem,
  ExecutionKey,
  LockNudge,
  MovedItem,
  RecordNudge,
  ResumeItem,
} from './messages.ts'
export { EAGER_REFUSALS } from './messages.ts'

export { decodeDispatch, encodeDispatch } from './dispatch-codec.ts'
export { decodeEager, decodeEagerResults, encodeEager, encodeEagerResults } from './eager-codec.ts'
export { decodeResume, encodeResume } from './resume-codec.ts'
export {
  decodeControl,
  decodeEnded,
  decodeMoved,
  encodeControl,
  encodeEnded,
  encodeMoved,
} from './moved-codec.ts'
export {
  decodeControlNudges,
  decodeDependencyNudges,
  decodeLockNudges,
  decodeRecordNudges,
  decodeTimerNudge,
  encodeControlNudges,
  encodeDependencyNudges,
  encodeLockNudges,
  encodeRecordNudges,
  encodeTimerNudge,
} from './nudge-codec.ts'
export {
  decodeExecutionType,
  decodeStatus,
  encodeExecutionType,
  encodeStatus,
} from './status-codec.ts'

/** Service definitions for `serveGrpc` and `createGrpcClient` of the runtime. */
export {
  connectorService,
  descriptorSet,
  engineService,
  executionService,
  fileService,
  lockService,
  messageService,
  recordService,
  scheduleService,
  schedulerService,
  webhookService,
} from './services.ts'
/** The messages of those services. */
export * as pb from './pb.ts'
