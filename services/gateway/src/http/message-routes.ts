import { Type } from 'typebox'
import { createLink, readLinkForm, replyByLink } from '../operations/message-links.ts'
import { getMessage, listMessagesJson } from '../operations/messages.ts'
import { parseFields } from '../operations/page-request.ts'
import { callerAnswers, replyToMessage } from '../operations/reply-message.ts'
import {
  LINK_BODY_MAX_BYTES,
  LinkBody,
  LinkForm,
  LinkReply,
  MessageReply,
  NewLink,
} from '../schemas/message.ts'
import { Json, ListQuery, page, strict } from '../schemas/parts.ts'
import { created, ok, type Route, route } from './route.ts'

const tag = 'message'
const Key = strict({ id: Type.String({ description: 'UUID' }) })
const Fields = strict({ fields: Type.Optional(Type.String({ maxLength: 4_096 })) })

/** What executions ask of people. Messages are made by flows alone. */
export const messageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/message',
    id: 'listMessages',
    summary: 'Messages, newest first',
    tag,
    query: strict({
      ...ListQuery,
      for_me: Type.Optional(Type.Boolean({ description: 'those that the caller may answer' })),
    }),
    answers: { 200: page(Json) },
    handle: async (context, { caller, query }) =>
      ok(await listMessagesJson(context, caller, { ...query, forMe: query.for_me ?? false })),
  }),
  route({
    method: 'GET',
    path: '/message/{id}',
    id: 'getMessage',
    summary: 'One message with its form; secret fields of its answer are masked',
    tag,
    params: Key,
    query: Fields,
    answers: { 200: Json },
    handle: async (context, { caller, params, query }) =>
      ok(await getMessage(context, caller, { ...params, fields: parseFields(query.fields) })),
  }),
  route({
    method: 'POST',
    path: '/message/{id}/reply',
    id: 'replyToMessage',
    summary: 'Answer it; the first answer counts, a second is 409',
    tag,
    params: Key,
    query: Fields,
    body: MessageReply,
    bodyOptional: true,
    answers: { 200: Json },
    async handle(context, { caller, params, query, body, isRepeat }) {
      const { workspaceId } = caller
      const { response } = body
      const request = { workspaceId, id: params.id, response, isRepeat }
      await replyToMessage(context, callerAnswers(caller), request)
      const fields = parseFields(query.fields)
      return ok(await getMessage(context, caller, { ...params, fields }))
    },
  }),
  route({
    method: 'POST',
    path: '/message/{id}/link',
    id: 'createMessageLink',
    summary: 'A link with which somebody answers once, without a login; shown this once, audited',
    tag,
    // A kept answer would keep the link.
    idempotent: false,
    params: Key,
    body: NewLink,
    answers: { 201: Json },
    async handle(context, { caller, params, body }) {
      const { recipient, expires_after: expiresAfter = 604_800 } = body
      return created(await createLink(context, caller, { ...params, recipient, expiresAfter }))
    },
  }),
  route({
    method: 'POST',
    path: '/message/link/form',
    id: 'readMessageLink',
    summary: 'The form that a link is for, without a login',
    tag,
    auth: 'none',
    idempotent: false,
    bodyLimit: LINK_BODY_MAX_BYTES,
    body: LinkBody,
    answers: { 200: LinkForm },
    handle: async (context, { body }) => secret(await readLinkForm(context, body.token)),
  }),
  route({
    method: 'POST',
    path: '/message/link/reply',
    id: 'replyByMessageLink',
    summary: 'Answer by a link, without a login',
    tag,
    auth: 'none',
    idempotent: false,
    bodyLimit: LINK_BODY_MAX_BYTES,
    body: LinkReply,
    answers: { 200: Json },
    handle: async (context, { body }) =>
      secret(await replyByLink(context, { ...body, response: body.response })),
  }),
]

const secret = (body: object) => ({ ...ok(body), headers: { 'cache-control': 'no-store' } })
