import { CALL_LIMITS, type HttpAnswer, METHODS, type WebhookCall } from '@millrace/webhook'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { callWebhook, type IncomingCall, refuseEarlyCall } from '../operations/call-webhook.ts'
import { listDeliveriesJson } from '../operations/list-deliveries.ts'
import { ByQuery, Json, ListQuery, page, Problem, strict } from '../schemas/parts.ts'
import { ok, type Route, route } from './route.ts'

const tag = 'webhook'
const Key = Type.String({ maxLength: 512, description: 'an id; with by=name a name' })

const Anything = Type.Unknown({
  description: 'the result as JSON, or what the flow has put under response in its output',
})

const key = Type.String({ maxLength: 512, description: 'its name, or its id' })
const Called = strict({ key })
const CalledBelow = strict({
  key,
  '*': Type.String({ description: 'further parts of the path, which the flow gets' }),
})

/** Calls of webhooks, by whoever knows the address, and what came of them. */
export const webhookRoutes: readonly Route[] = [
  ...METHODS.flatMap((method) => [callRoute(method, ''), callRoute(method, '/*')]),
  route({
    method: 'GET',
    path: '/webhook/{key}/delivery',
    id: 'listDeliveries',
    summary: 'Its latest calls and what came of each: a week at most, 1,000 at most',
    tag,
    params: strict({ key: Key }),
    query: strict({ ...ByQuery, ...ListQuery }),
    answers: { 200: page(Json) },
    handle: async (context, { caller, params, query }) =>
      ok(
        await listDeliveriesJson(context, caller, {
          ...query,
          key: params.key,
          by: query.by ?? 'id',
        }),
      ),
  }),
]

function callRoute(method: (typeof METHODS)[number], below: '' | '/*'): Route {
  const name = `callWebhook${method.charAt(0)}${method.slice(1).toLowerCase()}`
  return route({
    method,
    path: `/webhook/{key}/call${below}`,
    id: below === '' ? name : `${name}Below`,
    summary:
      method === 'POST'
        ? 'Start its flow and answer with the result; async=1 answers at once'
        : 'The same as POST, for senders that cannot',
    tag,
    auth: 'none',
    idempotent: false,
    params: below === '' ? Called : CalledBelow,
    raw: 'bytes',
    bodyLimit: CALL_LIMITS.bodyBytes,
    starts: () => 1,
    waits: (http) => !/[?&]async=/.test(http.url),
    // What its flow answers with may have another status, and be anything.
    answers: { 200: Anything, 202: Json, 500: Problem },
    produces: '*/*',
    async before(context, http, reply) {
      const { call, ...incoming } = toIncoming(http, NO_BYTES)
      const length = http.headers['content-length']
      const bodyBytes = length === undefined ? null : Number(length)
      const answer = await refuseEarlyCall(context, { ...incoming, call, bodyBytes })
      if (answer === null) return false
      sendAnswer(reply, answer)
      return true
    },
    handle: () => ok({}),
    async stream(context: Context, { body, http, traceparent, gone }, reply) {
      const incoming = toIncoming(http, Buffer.isBuffer(body) ? body : NO_BYTES)
      const answer = await callWebhook(context, { ...incoming, traceparent }, gone)
      return sendAnswer(reply, answer)
    },
  })
}

const NO_BYTES = Buffer.alloc(0)

/** `/api/latest/webhook/<key>/call[/…][?…]`, as it was sent: the flow decodes nothing twice. */
function toIncoming(http: FastifyRequest, body: Buffer): IncomingCall {
  const [path = '', ...query] = http.url.split('?')
  const [, , , , key = '', , ...below] = path.split('/')
  const call: WebhookCall = {
    method: http.method,
    path: below.length === 0 ? '' : `/${below.join('/')}`,
    query: query.join('?'),
    headers: http.headers,
    body,
  }
  return { key: decoded(key), call, address: http.ip, instance: path, traceparent: null }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function sendAnswer(reply: FastifyReply, { status, headers, body }: HttpAnswer): FastifyReply {
  reply.code(status).headers(headers)
  if (body.length === 0) return reply.send()
  return reply.send(Buffer.from(body))
}
