export * from './history.ts'
export * from './command.ts'
export * from './activation.ts'

export { childId } from './child-id.ts'
export { fingerprint } from './fingerprint.ts'
export { seededRandom } from './random.ts'
export { describeDivergence, isSameCall, type ActualCall } from './describe-divergence.ts'
export { AnswerQueue, type DueAnswer } from './answer-queue.ts'
