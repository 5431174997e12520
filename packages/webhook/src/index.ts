/**
 * What a webhook is, apart from storing it: who may call, what a call means, what it is answered.
 * No database, no network, no clock. See README.md.
 */
export {
  type AcceptedCall,
  DISABLED,
  type JudgedWebhook,
  type Judgement,
  judgeCall,
  type JudgeOptions,
  type RefusedCall,
  refuseBeforeBody,
} from './judge-call.ts'
export type { CallHeaders, WebhookCall } from './call.ts'
export { CALL_LIMITS, type CallLimits, type WebhookInput } from './input-value.ts'
export { isDeeperThan } from './json-depth.ts'
export type { Fields, Payload } from './payload.ts'
export { rateLimited, type Refusal, type RefusalReason, REFUSALS } from './refusal.ts'

export { type Bucket, type RateLimit, type Take, takeToken } from './rate-limit.ts'

export { type FieldError, type HttpAnswer, refusalAnswer } from './http-answer.ts'
export { type EndedRun, replayedAnswer, runAnswer, startedAnswer } from './run-answer.ts'

export type { SignatureConfig } from './signature-config.ts'
export { type SignatureVerdict, verifySignature, type VerifyOptions } from './verify-signature.ts'

export {
  type Checked,
  checkNewWebhook,
  checkWebhookPatch,
  presentWebhook,
  secretsOf,
} from './check-webhook.ts'
export { type ExecutionLocation, type Method, METHODS, type WebhookFields } from './webhook.ts'
export { WEBHOOK_DOCUMENTS } from './webhook-schema.ts'
