import { isAllowedAddress } from './allowed-addresses.ts'
import { headerOf, type WebhookCall } from './call.ts'
import {
  CALL_LIMITS,
  type CallLimits,
  findOversize,
  isObject,
  toInputValue,
  type WebhookInput,
  withoutKey,
} from './input-value.ts'
import { isSameSecret } from './mac.ts'
import type { Refusal } from './refusal.ts'
import { verifySignature } from './verify-signature.ts'
import type { Method, WebhookFields } from './webhook.ts'

export type Judgement = AcceptedCall | RefusedCall

export interface AcceptedCall {
  readonly isAccepted: true
  readonly input: WebhookInput
  /** Whether the caller wants no result. */
  readonly isAsync: boolean
  /** What makes a second delivery of it known; null where nothing identifies one. */
  readonly replay: { readonly key: string; readonly rememberUntil: number } | null
}

export interface RefusedCall {
  readonly isAccepted: false
  readonly refusal: Refusal
}

/** What is asked of the record. */
export type JudgedWebhook = Pick<
  WebhookFields,
  | 'is_enabled'
  | 'methods'
  | 'allow_from'
  | 'signature'
  | 'key'
  | 'key_header'
  | 'replay_window_seconds'
  | 'is_async'
>

export interface JudgeOptions {
  /** ms since 1970. */
  readonly now: number
  /** Whom the call comes from. */
  readonly address: string | undefined
  readonly limits?: CallLimits
}

/**
 * Whether a call starts an execution, and with which input. The cheap questions come first, and
 * nothing of the body is parsed before its signature is right.
 *
 * The rate limit is not asked here: it counts what would start something (`takeToken` after this),
 * so that strangers cannot use up what is meant for the sender.
 */
export function judgeCall(
  webhook: JudgedWebhook,
  call: WebhookCall,
  options: JudgeOptions,
): Judgement {
  const limits = options.limits ?? CALL_LIMITS
  const early =
    refuseEarly(webhook, call, options.address) ?? findOversize(call, call.body.length, limits)
  if (early !== null) return refused(early)

  const verified =
    webhook.signature === null
      ? null
      : verifySignature(webhook.signature, call, {
          now: options.now,
          replayWindowSeconds: webhook.replay_window_seconds,
        })
  if (verified?.ok === false) return refused({ reason: verified.reason, detail: verified.message })

  const key = keyBesideBody(webhook, call)
  if (key === 'wrong') return refused(KEY_MISMATCH)
  const input = toInputValue(call, limits)
  if ('reason' in input) return refused(input)
  if (webhook.key !== null && key === 'absent') {
    const wrong = refuseKeyInPayload(webhook.key, input)
    if (wrong !== null) return refused(wrong)
  }
  const isAsync = readAsync(call.query)
  if (isAsync === 'malformed') return refused(ASYNC_MALFORMED)
  return {
    isAccepted: true,
    input: webhook.key === null ? input : withoutKey(input, webhook.key, webhook.key_header),
    isAsync: isAsync ?? webhook.is_async,
    replay:
      verified === null ? null : { key: verified.replayKey, rememberUntil: verified.rememberUntil },
  }
}

/**
 * What can be said before the body is read: a stranger, or a call that is too large anyway, is not
 * listened to. `bodyBytes` is what the caller says of its length, null when it does not. Null: go on.
 */
export function refuseBeforeBody(
  webhook: JudgedWebhook,
  call: Omit<WebhookCall, 'body'>,
  options: Omit<JudgeOptions, 'now'> & { readonly bodyBytes: number | null },
): Refusal | null {
  const limits = options.limits ?? CALL_LIMITS
  return (
    refuseEarly(webhook, call, options.address) ??
    (keyBesideBody(webhook, call) === 'wrong' ? KEY_MISMATCH : null) ??
    findOversize(call, options.bodyBytes ?? 0, limits)
  )
}

function refuseEarly(
  webhook: JudgedWebhook,
  call: Omit<WebhookCall, 'body'>,
  address: string | undefined,
): Refusal | null {
  if (!webhook.is_enabled) return DISABLED
  if (!isAllowedAddress(address, webhook.allow_from))
    return {
      reason: 'address_not_allowed',
      detail: 'Calls from this address are not permitted. Its owner can add it to allow_from.',
    }
  if (!webhook.methods.includes(call.method as Method))
    return {
      reason: 'method_not_allowed',
      detail: `This webhook is called with ${webhook.methods.join(', ')}.`,
      allow: webhook.methods,
    }
  return null
}

/** What the header or the query says of the key; where it is absent, it may be in the payload. */
function keyBesideBody(
  { key, key_header: header }: JudgedWebhook,
  call: Omit<WebhookCall, 'body'>,
): 'right' | 'wrong' | 'absent' {
  if (key === null) return 'absent'
  const inHeader = header === null ? null : headerOf(call.headers, header)
  const given = inHeader ?? new URLSearchParams(`?${call.query}`).get('key')
  if (given === null) return 'absent'
  return isSameSecret(key, given) ? 'right' : 'wrong'
}

function refuseKeyInPayload(key: string, { payload }: WebhookInput): Refusal | null {
  const json = payload !== undefined && 'json' in payload ? payload.json : null
  const given = isObject(json) && Object.hasOwn(json, 'key') ? json['key'] : undefined
  if (typeof given !== 'string') return KEY_MISSING
  return isSameSecret(key, given) ? null : KEY_MISMATCH
}

/** What `async=` in the query says; null when it is absent. */
function readAsync(query: string): boolean | 'malformed' | null {
  const value = new URLSearchParams(`?${query}`).get('async')?.toLowerCase()
  if (value === undefined) return null
  if (['1', 'true', 'yes', ''].includes(value)) return true
  return ['0', 'false', 'no'].includes(value) ? false : 'malformed'
}

const refused = (refusal: Refusal): RefusedCall => ({ isAccepted: false, refusal })

/** Also the answer to a name that does not exist: a stranger cannot tell which names do. */
export const DISABLED: Refusal = {
  reason: 'disabled',
  detail: 'There is no webhook of this name, or it is not enabled.',
}

const KEY_MISSING: Refusal = {
  reason: 'key_missing',
  detail: 'The key is missing. Send it as key in the query or in a JSON body.',
}

const KEY_MISMATCH: Refusal = {
  reason: 'key_mismatch',
  detail: 'The key is not that of this webhook.',
}

const ASYNC_MALFORMED: Refusal = {
  reason: 'query_malformed',
  detail: 'async in the query must be 1 or 0.',
}
