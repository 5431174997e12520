import { newId, now, ServiceError } from '@millrace/runtime'
import { type EndedRow, readPayloadText, type WebhookStarted } from '@millrace/store'
import {
  type AcceptedCall,
  DISABLED,
  type HttpAnswer,
  judgeCall,
  rateLimited,
  type Refusal,
  refusalAnswer,
  refuseBeforeBody,
  replayedAnswer,
  runAnswer,
  startedAnswer,
  type WebhookCall,
} from '@millrace/webhook'
import type { Context } from '../context.ts'
import type { CalledWebhook } from './called-webhooks.ts'
import { planExecution } from './create-execution.ts'
import { freshIds } from './request-ids.ts'
import type { Planned } from './through-wrappers.ts'

/** A request to a webhook's address. */
export interface IncomingCall {
  /** Which webhook, as the address says: its name or its id. */
  readonly key: string
  readonly call: WebhookCall
  /** Whom it comes from. */
  readonly address: string
  /** The path that was called, without its query: that may hold the key. */
  readonly instance: string
  readonly traceparent: string | null
}

/**
 * Answers a call: judges it, starts the flow once per delivery, and waits for its end unless it is
 * asked not to. When an execution's id has been answered, the execution is in Postgres. `gone`: see
 * CreateRequest.
 */
export async function callWebhook(
  context: Context,
  incoming: IncomingCall,
  gone: () => AbortSignal,
): Promise<HttpAnswer> {
  const { call, address, instance } = incoming
  const webhook = await context.webhooks.get(incoming.key)
  if (webhook === null) return refusalAnswer(DISABLED, instance)
  const judged = judgeCall(webhook.fields, call, { now: now(), address })
  if (!judged.isAccepted) return refuse(context, webhook, incoming, judged.refusal)

  const planned = await plan(context, webhook, incoming, judged)
  if ('reason' in planned) return refuse(context, webhook, incoming, planned)
  const { item } = planned
  const waitMs = judged.isAsync ? 0 : webhook.fields.wait_seconds * 1_000
  const isCounted = judged.replay !== null || webhook.fields.rate_limit !== null
  // What must be remembered is stored with its start; the rest may be born and ended at once.
  const atOnce = isCounted || waitMs === 0 ? null : await context.eager.run(item, waitMs)
  if (atOnce !== null) {
    note(context, webhook, incoming, { outcome: 'started', executionId: item.id })
    return endAnswer(context, item.workspaceId, atOnce)
  }

  const key = { workspaceId: item.workspaceId, executionId: item.id }
  // Watched before it is created: its end may come before the answer to its creation.
  const watch = waitMs > 0 ? context.waiters.watch(key) : null
  let started: WebhookStarted
  try {
    started = isCounted
      ? await startCounted(context, webhook, planned, judged)
      : await context.creator.create(item).then(() => STARTED)
  } catch (error) {
    watch?.stop()
    throw error
  }
  if (started.kind === 'limited') {
    watch?.stop()
    return refuse(context, webhook, incoming, rateLimited(started.retryAfterSeconds))
  }
  const executionId = started.kind === 'repeated' ? started.executionId : item.id
  note(context, webhook, incoming, { outcome: started.kind, executionId })
  if (started.kind === 'repeated') {
    watch?.stop()
    return replayedAnswer(executionId)
  }
  const ended = watch === null ? null : await watch.ended(waitMs, gone())
  return ended === null ? startedAnswer(executionId) : endAnswer(context, item.workspaceId, ended)
}

/** What is refused before its body is read; null: go on. */
export async function refuseEarlyCall(
  context: Context,
  incoming: Omit<IncomingCall, 'call'> & {
    readonly call: Omit<WebhookCall, 'body'>
    readonly bodyBytes: number | null
  },
): Promise<HttpAnswer | null> {
  const { call, address, bodyBytes, instance } = incoming
  const webhook = await context.webhooks.get(incoming.key)
  if (webhook === null) return refusalAnswer(DISABLED, instance)
  const refusal = refuseBeforeBody(webhook.fields, call, { address, bodyBytes })
  if (refusal === null) return null
  const whole = { ...incoming, call: { ...call, body: NO_BYTES } }
  return refuse(context, webhook, whole, refusal)
}

const NO_BYTES = new Uint8Array()
const STARTED: WebhookStarted = { kind: 'started' }

async function plan(
  context: Context,
  webhook: CalledWebhook,
  { traceparent }: IncomingCall,
  { input }: AcceptedCall,
): Promise<Planned | Refusal> {
  const { workspaceId, id, flowId, projectId, fields } = webhook
  // A webhook acts for itself: it is who has created its executions.
  const caller = { workspaceId, userId: id, userName: '', isAdmin: false, expiresAt: null }
  const body = {
    flow_id: flowId,
    input_value: input,
    is_productive: fields.is_productive,
    ...(fields.execution_location === 'webhook' && { project_id: projectId }),
  }
  const request = {
    body,
    waitSeconds: 0,
    fields: null,
    traceparent,
    ids: freshIds,
    origin: { webhook_id: id },
  }
  try {
    return await planExecution(context, caller, request, '')
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    if (error.code === 'notFound') return { reason: 'flow_missing', detail: DISABLED.detail }
    if (error.code === 'invalid') return { reason: 'input_mismatch', detail: error.message }
    throw error
  }
}

function startCounted(
  context: Context,
  webhook: CalledWebhook,
  { item }: Planned,
  { replay }: AcceptedCall,
): Promise<WebhookStarted> {
  return context.webhookStarter.start({
    webhookId: webhook.id,
    execution: item,
    replay:
      replay === null
        ? null
        : { key: replay.key, rememberMs: Math.max(0, replay.rememberUntil - now()) },
    rate: webhook.fields.rate_limit,
  })
}

async function endAnswer(
  context: Context,
  workspaceId: string,
  ended: EndedRow,
): Promise<HttpAnswer> {
  const text =
    ended.output_hash === null
      ? ended.output
      : await readPayloadText(context.api, { workspaceId, hash: ended.output_hash })
  return runAnswer({
    executionId: ended.id,
    status: ended.status,
    hasSucceeded: ended.status === 'ENDED_SUCCESS',
    message: ended.message,
    output: text === null ? null : (JSON.parse(text) as unknown),
  })
}

function refuse(
  context: Context,
  webhook: CalledWebhook,
  incoming: IncomingCall,
  refusal: Refusal,
): HttpAnswer {
  note(context, webhook, incoming, { outcome: 'refused', refusal })
  return refusalAnswer(refusal, incoming.instance)
}

function note(
  context: Context,
  { workspaceId, id: webhookId }: CalledWebhook,
  { call, address }: IncomingCall,
  came: {
    readonly outcome: 'started' | 'repeated' | 'refused'
    readonly refusal?: Refusal
    readonly executionId?: string
  },
): void {
  context.deliveries.note({
    workspaceId,
    webhookId,
    id: newId(),
    outcome: came.outcome,
    reason: came.refusal?.reason ?? null,
    detail: came.refusal?.detail.slice(0, DETAIL_MAX_CHARS) ?? null,
    method: call.method,
    path: call.path.slice(0, PATH_MAX_CHARS),
    address,
    bodySize: call.body.length,
    executionId: came.executionId ?? null,
  })
}

const DETAIL_MAX_CHARS = 500
const PATH_MAX_CHARS = 500
