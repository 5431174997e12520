export * from './history.ts'
export * from './command.ts'
export * from './activation.ts'
export * from './debug.ts'
export type { RecordRequest } from './record-request.ts'

export { childId } from './child-id.ts'
export {
  cutHistory,
  type CutHistory,
  type CutRefusal,
  type GivenAnswer,
  type Past,
} from './cut-history.ts'
export { findSavepoint, standAt, type Stand } from './stand-at.ts'
export { FILE_NAME_MAX, fileNameProblem } from './file-name.ts'
export { PAST_MAX_BYTES, VALUE_MAX_BYTES } from './value-limit.ts'
export { fingerprint } from './fingerprint.ts'
export { recordWords } from './record-words.ts'
export { seededRandom } from './random.ts'
export { describeDivergence, isSameCall, type ActualCall } from './describe-divergence.ts'
export { AnswerQueue, type DueAnswer } from './answer-queue.ts'
export { CallStack, type CallFrame } from './call-stack.ts'
export { Stepper } from './stepper.ts'
