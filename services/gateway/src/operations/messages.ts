import { listMessages, type MessageRow, readMessages } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { notFound } from '../problem.ts'
import { messageJson } from './message-json.ts'
import { type ListInput, pageJson, parseFields, toListRequest } from './page-request.ts'

/** Messages of the workspace, newest first, as JSON text. `forMe`: those that the caller may answer. */
export async function listMessagesJson(
  context: Context,
  caller: Caller,
  input: ListInput & { readonly forMe: boolean },
): Promise<string> {
  const fields = parseFields(input.fields)
  const page = await listMessages(context.api, {
    ...toListRequest(caller.workspaceId, input),
    forIdentities: input.forMe ? identitiesOf(caller) : null,
  })
  return pageJson(
    page.rows.map((row) => JSON.stringify(messageJson(row, fields))),
    page,
  )
}

/** One message. Throws `notFound`. */
export async function getMessage(
  context: Context,
  caller: Caller,
  request: { readonly id: string; readonly fields: readonly string[] | null },
): Promise<object> {
  return messageJson(await findMessage(context, caller.workspaceId, request.id), request.fields)
}

/** Throws `notFound`, also for what is no id. */
export async function findMessage(
  { api }: Pick<Context, 'api'>,
  workspaceId: string,
  id: string,
): Promise<MessageRow> {
  const rows = UUID.test(id) ? await readMessages(api, [{ workspaceId, messageId: id }]) : []
  const [row] = rows
  if (row === undefined) throw notFound(`message ${id}`)
  return row
}

/** What a message's assignees may name a user by. */
export const identitiesOf = ({ userId, userName }: Caller): readonly string[] => [userName, userId]

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
