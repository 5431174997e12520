export type { Ended, ExecutionType, Idle, Parked, Status } from './status.ts'
export {
  EXECUTION_TYPES,
  IDLE_STATUSES,
  PARKED_STATUSES,
  STATUSES,
  isEnded,
  isIdle,
  isParked,
} from './status.ts'
export type { Wait, WaitKind } from './wait.ts'
export { ANSWERABLE, WAIT_KINDS, statusOfWait } from './wait.ts'
export type {
  AnswerEvent,
  AnswerType,
  EngineEvent,
  Event,
  EventOf,
  EventType,
  GateEvent,
  LeaseEvent,
  LimitEvent,
  RescueEvent,
  UserEvent,
} from './event.ts'
export { EVENT_TYPES } from './event.ts'
export type { Cell, Row } from './transitions.ts'
export { TRANSITIONS } from './transitions.ts'
export type { State } from './state.ts'
export { cover, uncover } from './state.ts'
export type { Decision, Execution, Refusal } from './execution.ts'
export { REFUSALS, decide } from './execution.ts'
export type { CreateInput } from './create.ts'
export { PLACE, START, create } from './create.ts'
export type { Effect } from './effects.ts'
export { effectsOf } from './effects.ts'
export { askedOfRecords } from './explain-wait.ts'
export type { GateFacts, Party, Unblock, WaitFacts, WhyWait } from './explain-wait.ts'
export type { ExplainFacts, Why } from './explain.ts'
export { explain } from './explain.ts'
export type { Check } from './checks.ts'
export { EXECUTION_CHECKS } from './checks.ts'
export type {
  Finding,
  FindingKind,
  StandingExecution,
  StandingWait,
  Surroundings,
} from './diagnose.ts'
export { diagnoseExecution, diagnoseWait, REPAIRS, STANDS_TOO_LONG_MS } from './diagnose.ts'
