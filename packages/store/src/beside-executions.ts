/** What stands beside executions: messages, schedules, webhooks, files, wrappers, limits. */
export { commitWithFiles } from './commit-files.ts'
export {
  FILE_MAX_BYTES,
  fileTooLarge,
  type FileContent,
  findFiles,
  type FoundFile,
  keepContent,
  type NewFileContent,
  readContent,
  type SavedFile,
  saveFile,
  saveFileById,
  sweepContents,
  writeContent,
} from './file-contents.ts'
export { type FileRow, files } from './files.ts'
export { type SchedulerFields, type SchedulerRow, schedulers } from './schedulers.ts'
export {
  type ScheduleFields,
  type ScheduleOverlap,
  type ScheduleRow,
  schedules,
} from './schedules.ts'
export {
  insertScheduleRuns,
  listScheduleRuns,
  type NewScheduleRun,
  recordScriptRuns,
  removeOldRuns,
  type ScheduleRunRow,
  updateScheduleRuns,
} from './schedule-runs.ts'
export {
  awaitDecision,
  deleteIteration,
  dueIterations,
  fireIteration,
  holdIteration,
  insertIteration,
  type IterationRow,
  lockSchedule,
  nextIterationMs,
  type OpenRunRow,
  pauseSchedule,
  readIteration,
  readOpenRuns,
  readScheduleWork,
  resumeSchedule,
  type RunOrigin,
  saveSchedule,
  type ScheduleKey,
  schedulesOfEnded,
  type ScheduleWork,
  strayIterations,
  sweepSchedules,
} from './schedule-work.ts'
export {
  type CalledWebhookRow,
  type DeliveryRow,
  insertDeliveries,
  listDeliveries,
  type NewDelivery,
  readCalledWebhook,
  sweepWebhookCalls,
} from './webhook-calls.ts'
export { startWebhookCalls, type WebhookStart, type WebhookStarted } from './webhook-starts.ts'
export { type WebhookRow, webhooks } from './webhooks.ts'
export {
  checkRuntimes,
  forgetRuntimes,
  maxRuntimeOf,
  nextRuntimeCheckMs,
  type OverrunExecution,
  passGates,
  putRuntimeLimits,
  reachGates,
} from './limits.ts'
export {
  answerMessage,
  countMessageChanges,
  insertMessages,
  type MessageAnswer,
  type MessageKey,
  type MessageRow,
  type NewMessage,
  readLinkKeys,
  readMessages,
  readMessagesOf,
  readResponseWaits,
} from './messages.ts'
export { listMessageIds, listMessages } from './message-lists.ts'
export {
  closeMessages,
  type MessageProgress,
  nextDueMessageMs,
  saveProgress,
  sweepMessages,
  takeDueMessages,
} from './message-plans.ts'
export {
  collectResponses,
  responseOutcome,
  settledOutcome,
  valueOutcome,
} from './message-responses.ts'
export { type WrapperFields, type WrapperRow, wrappers } from './wrappers.ts'
export {
  type LinkableWrapper,
  lockWrapped,
  lockWrappers,
  setStaticWrappers,
  type WrappedRow,
  wrapsItself,
} from './static-wrappers.ts'
export {
  installStandardWrappers,
  type StandardWrapper,
  updateStandardWrappers,
} from './standard-wrappers.ts'
