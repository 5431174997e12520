/**
 * What a message asks of people, and what counts as an answer. No database, no network, no clock, no
 * chance. See README.md.
 */
export { isField } from './form.ts'
export type {
  Button,
  Checked,
  Field,
  FieldElement,
  FieldError,
  Form,
  Item,
  JsonSchema,
  Option,
  TextItem,
} from './form.ts'
export { CONTENT_LIMITS, type MessageContent, readContent } from './read-content.ts'
export {
  type AcceptedResponse,
  checkResponse,
  RESPONSE_LIMITS,
  type ResponseVerdict,
} from './check-response.ts'
export { maskResponse, secretsOf } from './mask-response.ts'

export {
  type AnswerableMessage,
  type Answerer,
  type AnswerVerdict,
  decideAnswer,
  type MessageState,
} from './decide-answer.ts'
export { FIELD_LIMITS, type MessageFields, type NoticePlan, readFields } from './read-fields.ts'
export {
  type Advance,
  advancePlan,
  type MessagePlan,
  nextStep,
  NOTHING_DONE,
  type PlanFields,
  type PlannedStep,
  type PlanProgress,
  type PlanStep,
  readPlan,
} from './message-plan.ts'
export {
  type KeyRing,
  type LinkClaims,
  type LinkVerdict,
  signLink,
  verifyLink,
} from './link-token.ts'
