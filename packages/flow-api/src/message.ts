import type { Json } from './json.ts'

/** What to ask of people, and how. Give `message`, `request` or `body`. */
export interface MessageOptions {
  /** Its title, one line. */
  readonly subject?: string
  /** Markdown. Alone it asks for an OK; with one of the others it stands above. */
  readonly message?: string
  /** Asks for one text under this label; the response is `{ string: '…' }`. */
  readonly request?: string
  /**
   * A JSON schema of an object: each property is a field (`element`, `label`, `order`, `default`, …),
   * a text (`element: 'markdown'`) or a button (`element: 'submit'`).
   */
  readonly body?: { readonly [keyword: string]: any }

  /** Default true: go on when it was answered. False: go on at once; it stays open. */
  readonly wait?: boolean
  /** Seconds to wait at most; default no limit. Throws MessageResponseTimeoutError. */
  readonly timeout?: number | null

  /** Names or ids of users; only they may answer. Default: everybody of the workspace. */
  readonly assignees?: readonly string[]
  /** Whether signed links may answer it without a login. Default false. */
  readonly allows_links?: boolean

  /** When an answer is expected: a time, or seconds from now. Shown, and nothing else. */
  readonly due_at?: Date | number | string
  readonly due_after?: number
  /** Seconds until the first reminder, and between the following ones (60 at least). */
  readonly remind_after?: number
  readonly remind_every?: number
  /** How many at most: 10 with `remind_every`, else 1. */
  readonly remind_times?: number
  /** The flow that reminds; its input is `remind_input`, and under `message` what it is about. */
  readonly remind_flow?: string
  readonly remind_input?: { readonly [key: string]: Json }
  /** When somebody else is asked: a time, or seconds from now. */
  readonly escalate_at?: Date | number | string
  readonly escalate_after?: number
  /** The flow that does something about it, as `remind_flow`. */
  readonly escalate_flow?: string
  readonly escalate_input?: { readonly [key: string]: Json }
  /** Who may answer from then on as well. */
  readonly escalate_assignees?: readonly string[]
}

/** A question to people. `get` reads more of it: `answered_by`, `answered_at`, `due_at`, … */
export interface Message {
  /** Pass it on, and another execution waits for the answer too: `system.message(id).wait()`. */
  readonly id: string
  readonly subject: string | null
  /** As far as this execution knows. */
  readonly status: 'OPEN' | 'ANSWERED' | 'CLOSED' | null
  /** By the names of the fields and buttons; null before it was answered. */
  readonly response: any
  /** The name of the button that was pressed. */
  readonly button: string | null

  /** What is known already, else what stands. One field gives its value, several an array. */
  get(field: string): Promise<any>
  get(...fields: string[]): Promise<any[]>
  /** The same, always read anew. */
  load(field: string): Promise<any>
  load(...fields: string[]): Promise<any[]>
  /**
   * Waits for the answer, whoever has asked. Throws MessageResponseTimeoutError, MessageClosedError
   * when there will be none, and ResourceNotFoundError.
   */
  wait(options?: { readonly timeout?: number | null }): Promise<Message>
  /**
   * A link with which `recipient` answers without a login, once. Only where `allows_links` is set.
   * `expires_after`: seconds, default 7 days, at most 90.
   */
  link(recipient: string, options?: { readonly expires_after?: number }): Promise<MessageLink>
}

export interface MessageLink {
  /** A page with the form. Whoever has it can answer: send it to nobody else. */
  readonly url: string
  readonly token: string
  /** RFC 3339. */
  readonly expires_at: string
}
