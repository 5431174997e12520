/**
 * A small typed client of Millrace's REST API, on nothing but `fetch`.
 *
 * `createClient({ url, apiKey })` answers with one object per resource. What may be done twice, and
 * what carries an Idempotency-Key (every other POST whose answer is no secret), is repeated a bounded
 * number of times when the server is away or asks to come again later. All else (PUT, PATCH, DELETE,
 * and what is shown once: API keys, workspaces, sessions, links) is repeated only when it surely was
 * not done: no connection came about, or the answer was 429. Otherwise it fails at once, and whether
 * it was done is for the caller to find out.
 */
export { createClient, type Client, type ClientOptions } from './create-client.ts'

export { ApiError } from './api-error.ts'
export { ServerAwayError, TimedOutError } from './away-error.ts'
export type { FieldProblem, Problem } from './problem.ts'

export type { Executions, WaitOptions, CreateOptions } from './executions.ts'
export type { ExportListOptions, ExportOptions, ImportResult } from './execution-documents.ts'
export type {
  BulkAction,
  BulkResult,
  ExecutionPatch,
  NewExecution,
  RerunRequest,
  SavepointRef,
} from './execution-requests.ts'
export {
  EXECUTION_STATUSES,
  isEnded,
  LIVE_STATUSES,
  type Execution,
  type ExecutionStatus,
  type ExecutionType,
} from './execution-record.ts'
export type {
  DebugAction,
  DebugRequest,
  DebugState,
  DebugStop,
  DebugVariable,
  InspectRequest,
} from './execution-debug.ts'
export type {
  LogEntry,
  Revert,
  Savepoint,
  Stand,
  TreeNode,
  Unblock,
  Wait,
  Why,
} from './execution-views.ts'
export type { ExecutionEvent, StreamOptions } from './execution-stream.ts'

export type { ListMessages, Message, MessageForm, MessageLink, Messages } from './messages.ts'
export type { FlowLimit, FlowLimits, Flows } from './flows.ts'
export type { Doctor, DoctorFinding, DoctorReport } from './doctor.ts'
export type { ApiKeys } from './api-keys.ts'
export type { Records, ShownOnce } from './records.ts'
export type { FlowConcurrency, FlowRateLimit } from './record-types.ts'
export type {
  ApiKey,
  Connector,
  FileRecord,
  Flow,
  NewWebhook,
  Project,
  Scheduler,
  Setting,
  Webhook,
  Workspace,
  Wrapper,
  WrapperUse,
} from './record-types.ts'
export type { Files } from './files.ts'
export type { Delivery, Webhooks } from './webhooks.ts'
export type {
  CatchUp,
  NewSchedule,
  PlannedTime,
  Schedule,
  ScheduleRun,
  Schedules,
  ScheduleWhy,
  Timing,
} from './schedules.ts'
export type { SettingLock, Settings } from './settings.ts'
export type { Auth, Session, WhoAmI } from './auth.ts'
export type { Filter, ListOptions, Page } from './list.ts'
export type { Json } from './json.ts'
