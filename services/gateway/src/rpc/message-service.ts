import type { GrpcImplementation } from '@millrace/runtime/grpc'
import type { messageService, pb } from '@millrace/wire'
import type { Context } from '../context.ts'
import { bodyCheck } from '../http/validate.ts'
import { createLink, readLinkForm, replyByLink } from '../operations/message-links.ts'
import { getMessage, listMessagesJson } from '../operations/messages.ts'
import { callerAnswers, replyToMessage } from '../operations/reply-message.ts'
import { LinkBody, LinkReply, MessageReply, NewLink } from '../schemas/message.ts'
import { callerOf } from './caller.ts'
import { toDate } from './execution-message.ts'
import { maybeIdempotently } from './idempotent.ts'
import { toListInput } from './list-request.ts'

/** Messages over gRPC: the same operations and the same schemas as over HTTP. */
export function messageRpc(context: Context): GrpcImplementation<typeof messageService> {
  return {
    async get({ id }, call) {
      const caller = await callerOf(context, call)
      return { message: toMessage(await getMessage(context, caller, { id, fields: null })) }
    },
    async list(request, call) {
      const caller = await callerOf(context, call)
      const input = { ...toListInput({ ...request, fields: [] }), forMe: request.forMe }
      const page = JSON.parse(await listMessagesJson(context, caller, input)) as PageJson
      return {
        items: page.items.map(toMessage),
        nextCursor: page.next_cursor ?? undefined,
        total: page.total === undefined ? undefined : BigInt(page.total),
        asOf: page.as_of,
      }
    },
    async reply({ id, response, idempotencyKey: key }, call) {
      const caller = await callerOf(context, call)
      checkReply({ response })
      const { workspaceId } = caller
      const json = await maybeIdempotently(
        context,
        caller,
        { key, method: 'message.reply', request: { id, response } },
        async (_ids, isRepeat) => {
          const request = { workspaceId, id, response, isRepeat }
          await replyToMessage(context, callerAnswers(caller), request)
          return JSON.stringify(await getMessage(context, caller, { id, fields: null }))
        },
      )
      return { message: toMessage(JSON.parse(json) as object) }
    },
    async createLink({ id, recipient, expiresAfter }, call) {
      const caller = await callerOf(context, call)
      const after = expiresAfter ?? 604_800
      checkLink({ recipient, expires_after: after })
      const made = await createLink(context, caller, { id, recipient, expiresAfter: after })
      const { url, token, expires_at: expiresAt } = made as MadeLink
      return { url, token, expiresAt: toDate(expiresAt) }
    },
    async readLink({ token }) {
      checkToken({ token })
      const read = (await readLinkForm(context, token)) as LinkForm
      return { recipient: read.recipient, form: read.form, expiresAt: toDate(read.expires_at) }
    },
    async replyByLink({ token, response }) {
      checkLinkReply({ token, response })
      await replyByLink(context, { token, response })
      return {}
    },
  }
}

const checkLink = bodyCheck(NewLink)
const checkToken = bodyCheck(LinkBody)
const checkLinkReply = bodyCheck(LinkReply)
const checkReply = bodyCheck(MessageReply)

function toMessage(record: object): pb.Message {
  const message = record as MessageRecord
  return {
    id: message.id,
    workspaceId: message.workspace_id,
    status: message.status,
    subject: message.subject,
    executionId: message.execution_id,
    createdAt: toDate(message.created_at),
    dueAt: toDate(message.due_at),
    properties: { ...message },
  }
}

interface MessageRecord {
  readonly id: string
  readonly workspace_id: string
  readonly status: string
  readonly subject: string
  readonly execution_id: string
  readonly created_at: string
  readonly due_at: string | null
}

interface MadeLink {
  readonly url: string
  readonly token: string
  readonly expires_at: string
}

interface LinkForm {
  readonly recipient: string
  readonly form: Record<string, unknown>
  readonly expires_at: string
}

interface PageJson {
  readonly items: readonly object[]
  readonly next_cursor: string | null
  readonly total?: number
  readonly as_of: string
}
