import type { Json } from './json.ts'
import { iteratePages, listPage, type ListOptions, type Page } from './list.ts'
import { as } from './records.ts'
import type { Transport } from './transport.ts'

/** What executions ask of people. Messages are made by flows alone. */
export interface Messages {
  list(options?: ListMessages): Promise<Page<Message>>
  iterate(options?: ListMessages): AsyncGenerator<Message>
  get(id: string): Promise<Message>
  /** Answers it: the first answer counts, a second is an ApiError with status 409. */
  reply(id: string, response?: Json): Promise<Message>
  /** A link with which `recipient` answers once, without a login. Shown this once. */
  createLink(
    id: string,
    link: { readonly recipient: string; readonly expires_after?: number },
  ): Promise<MessageLink>
}

export interface ListMessages extends ListOptions {
  /** Those that the caller may answer. */
  readonly forMe?: boolean | undefined
}

/** A message. Times are RFC 3339. */
export interface Message {
  readonly id: string
  readonly workspace_id: string
  readonly status: 'OPEN' | 'ANSWERED' | 'CLOSED'
  /** One line. */
  readonly subject: string
  readonly form: MessageForm
  /** Names or ids of users; empty: everybody may answer. */
  readonly assignees: readonly string[]
  readonly allows_links: boolean
  readonly execution_id: string
  readonly execution_name: string | null
  readonly flow_id: string | null
  readonly project_id: string | null
  /** Whether its execution has waited for it from the start. */
  readonly is_awaited: boolean
  readonly created_at: string
  /** When an answer is expected. */
  readonly due_at: string | null
  readonly is_due: boolean
  /** When its execution gives up waiting. */
  readonly expires_at: string | null
  readonly reminders: number
  readonly reminded_at: string | null
  readonly escalated_at: string | null
  /** Why the flow that reminds or escalates could not be started. */
  readonly notice_failure: string | null
  /** Secret fields are masked. */
  readonly response: { readonly [name: string]: Json } | null
  readonly button: string | null
  readonly answered_at: string | null
  readonly answered_by: string | null
  /** Null: by a link. */
  readonly answered_by_id: string | null
  readonly closed_at: string | null
  readonly closed_why: 'TIMEOUT' | 'ENDED' | 'WITHDRAWN' | null
}

/** What is asked for: fields, texts and buttons in the order in which they are shown. */
export interface MessageForm {
  readonly subject: string | null
  /** Markdown. */
  readonly text: string | null
  readonly items: readonly {
    readonly element: string
    readonly name: string | null
    readonly label?: string
    readonly description?: string | null
    readonly text?: string
    readonly is_required?: boolean
    readonly is_secret?: boolean
    readonly options?: readonly { readonly value: Json; readonly label: string }[] | null
    readonly default?: Json
  }[]
}

export interface MessageLink {
  readonly url: string
  readonly token: string
  readonly expires_at: string
}

export function createMessages(transport: Transport): Messages {
  const one = (id: string) => `/message/${encodeURIComponent(id)}`
  const list: Messages['list'] = ({ forMe, ...options } = {}) =>
    listPage<Message>(transport, '/message', options, { for_me: forMe })
  return {
    list,
    iterate: (options) => iteratePages((page) => list({ ...page, forMe: options?.forMe }), options),
    get: async (id) => as<Message>(await transport.send({ method: 'GET', path: one(id) })),
    reply: async (id, response = {}) =>
      as<Message>(
        await transport.send({ method: 'POST', path: `${one(id)}/reply`, body: { response } }),
      ),
    createLink: async (id, link) =>
      as<MessageLink>(
        await transport.send({
          method: 'POST',
          path: `${one(id)}/link`,
          body: link,
          repeat: 'never',
        }),
      ),
  }
}
