import type { Json, Outcome } from '@millrace/replay'
import type { WaitAnswer } from './answers.ts'
import type { Queryable } from './database.ts'
import type { MessageAnswer, MessageRow } from './messages.ts'
import { sql } from './messages-sql.ts'
import { type Payload, payloadOf } from './payloads.ts'
import type { WaitKey } from './sweep.ts'

/** What a wait is answered with, and the payload to put first when that is large. */
export interface ResponseOutcome {
  readonly outcome: Outcome
  readonly payload: Payload | null
}

/** The outcome of an answered message: the same for everybody who waits, now or later. */
export function responseOutcome(
  workspaceId: string,
  answer: Omit<MessageAnswer, 'byId'> & { readonly at: number },
): ResponseOutcome {
  const v = {
    response: JSON.parse(answer.response) as Json,
    button: answer.button,
    answered_by: answer.by,
    answered_at: new Date(answer.at).toISOString(),
  }
  return valueOutcome(workspaceId, v)
}

/** What a call is answered with that gives this value. */
export function valueOutcome(workspaceId: string, v: Json): ResponseOutcome {
  const text = JSON.stringify(v)
  const payload = payloadOf(workspaceId, text)
  if (payload === null) return { payload, outcome: { kind: 'value', value: { v } } }
  const p = { hash: payload.hash, size: Buffer.byteLength(text) }
  return { payload, outcome: { kind: 'value', value: { p } } }
}

/** A message as far as its outcome needs it; all null: there is no such message. */
export type SettledMessage = Pick<
  MessageRow,
  'closed_why' | 'title' | 'response' | 'button' | 'answered_by' | 'answered_at'
>

/** What whoever waits for a message gets that is open no more; null: it was never there. */
export function settledOutcome(
  workspaceId: string,
  messageId: string,
  message: SettledMessage | null,
): ResponseOutcome {
  if (message === null) return { payload: null, outcome: { kind: 'error', error: gone(messageId) } }
  const { response, button, answered_by: by, answered_at: at } = message
  if (response !== null && by !== null && at !== null)
    return responseOutcome(workspaceId, { response, button, by, at })
  const details = { type: 'message', id: messageId, reason: message.closed_why ?? 'ENDED' }
  const text = `the message "${message.title}" was closed without an answer: ${WHY[details.reason]}`
  return {
    payload: null,
    outcome: { kind: 'error', error: { name: 'MessageClosedError', message: text, details } },
  }
}

const WHY = {
  TIMEOUT: 'the time to answer is over',
  ENDED: 'the execution that asked has ended',
  WITHDRAWN: 'the execution that asked went back to before it',
} as const

const gone = (id: string) => ({
  name: 'ResourceNotFoundError',
  message: `there is no message ${id} in this workspace; it was removed with the execution that asked, or never was`,
  details: { type: 'message', id },
})

/** Of these waits the answers to those whose message is open no more, and payloads to put first. */
export async function collectResponses(
  db: Queryable,
  waits: readonly WaitKey[],
): Promise<{ readonly answers: WaitAnswer[]; readonly payloads: Payload[] }> {
  if (waits.length === 0) return { answers: [], payloads: [] }
  const param = waits.map((wait) => ({
    workspace_id: wait.workspaceId,
    execution_id: wait.executionId,
    seq: wait.seq,
  }))
  const rows = await db.query<CollectedRow>(sql.collectResponses, [JSON.stringify(param)])
  const payloads: Payload[] = []
  const answers = rows.map((row): WaitAnswer => {
    const { workspace_id: workspaceId, ref, status, title } = row
    const message = status === null || title === null ? null : { ...row, title }
    const { outcome, payload } = settledOutcome(workspaceId, ref ?? '', message)
    if (payload !== null) payloads.push(payload)
    const { execution_id: executionId, generation, seq } = row
    return { workspaceId, executionId, generation, seq, outcome }
  })
  return { answers, payloads }
}

interface CollectedRow extends Omit<SettledMessage, 'title'> {
  readonly workspace_id: string
  readonly execution_id: string
  readonly generation: number
  readonly seq: number
  readonly ref: string | null
  /** Null: there is no such message. */
  readonly status: string | null
  readonly title: string | null
}
