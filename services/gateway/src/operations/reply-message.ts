import {
  type AnswerableMessage,
  type Answerer,
  type AnswerVerdict,
  checkResponse,
  decideAnswer,
  type Form,
  type MessageState,
} from '@millrace/form'
import { now, ServiceError } from '@millrace/runtime'
import {
  answerMessage,
  type AnsweredExecution,
  answerWaits,
  type MessageAnswer,
  type MessageRow,
  putPayloads,
  readResponseWaits,
  responseOutcome,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { invalid } from '../problem.ts'
import { findMessage, identitiesOf } from './messages.ts'
import { tellAnswered } from './tell-answered.ts'

/** Who answers; `id`: the user's, null by a link. */
export interface ReplyBy {
  readonly answerer: Answerer
  readonly id: string | null
}

export const callerAnswers = (caller: Caller): ReplyBy => ({
  id: caller.userId,
  answerer: {
    kind: 'user',
    name: caller.userName,
    identities: identitiesOf(caller),
    isAdmin: caller.isAdmin,
  },
})

/** How often it is decided again when somebody else was first. */
const TRIES = 4

/**
 * Answers a message: whoever waits for it goes on. Throws `notFound`, `forbidden` for who may not
 * answer, `conflict` when it was answered or closed before, `invalid` with pointers into the response.
 * `isRepeat`: an earlier try may have done it and died before it could say so.
 */
export async function replyToMessage(
  context: Context,
  by: ReplyBy,
  request: {
    readonly workspaceId: string
    readonly id: string
    readonly response: unknown
    readonly isRepeat: boolean
  },
): Promise<void> {
  const { workspaceId, id, response, isRepeat } = request
  for (let round = 0; round < TRIES; round += 1) {
    const row = await findMessage(context, workspaceId, id)
    if (isRepeat && by.id !== null && row.answered_by_id === by.id) return
    demandAnswer(row, by.answerer)
    const checked = checkResponse(JSON.parse(row.form) as Form, response ?? {})
    if (!checked.ok)
      throw invalid(
        checked.errors.map(({ pointer, message }) => ({
          pointer: `/response${pointer}`,
          message,
        })),
      )
    const answer: MessageAnswer = {
      response: JSON.stringify(checked.response),
      button: checked.button,
      by: by.answerer.kind === 'user' ? by.answerer.name : by.answerer.recipient,
      byId: by.id,
    }
    const answered = await settle(context, row, answer)
    if (answered !== null) return tellAnswered(context, answered)
  }
  throw new ServiceError('stale', `Message ${id} changes too often to answer it. Try again.`)
}

/** Throws unless this one may answer the message as it stands. */
export function demandAnswer(row: MessageRow, by: Answerer): void {
  const verdict = decideAnswer(answerable(row), by, now())
  if (verdict.verdict === 'refused') throw refusal(row, by, verdict)
}

function refusal(
  row: MessageRow,
  by: Answerer,
  { reason, detail }: Extract<AnswerVerdict, { readonly verdict: 'refused' }>,
): ServiceError {
  if (reason === 'not_assigned' || reason === 'links_not_allowed')
    return new ServiceError('forbidden', detail)
  // Who has a link sees the form and nothing else, not even who was faster.
  if (by.kind === 'link' && reason === 'answered')
    return new ServiceError('conflict', 'This message has been answered; the first answer counts.')
  const { status, answered_by, closed_why } = row
  const answered_at = row.answered_at === null ? null : new Date(row.answered_at).toISOString()
  const facts = reason === 'answered' ? { answered_by, answered_at } : { closed_why }
  return new ServiceError('conflict', detail, { details: { message_status: status, ...facts } })
}

const answerable = (row: MessageRow): AnswerableMessage => ({
  state: stateOf(row),
  assignees: row.assignees,
  allowsLinks: row.allows_links,
})

function stateOf(row: MessageRow): MessageState {
  switch (row.status) {
    case 'OPEN':
      return { kind: 'open' }
    case 'ANSWERED':
      return { kind: 'answered', at: row.answered_at ?? 0, by: row.answered_by ?? '' }
    case 'CLOSED':
      return { kind: 'closed', at: row.closed_at ?? 0, why: CLOSED[row.closed_why ?? 'ENDED'] }
  }
}

const CLOSED = { TIMEOUT: 'timeout', ENDED: 'ended', WITHDRAWN: 'withdrawn' } as const

/**
 * The answer and what it lets go on, in one transaction. Null: somebody or something was first, read
 * it again. For a message that is waited for, deleting that wait is what decides against a timeout or
 * an end at the same moment.
 */
async function settle(
  { api }: Context,
  row: MessageRow,
  answer: MessageAnswer,
): Promise<AnsweredExecution[] | null> {
  const workspaceId = row.workspace_id
  const key = { workspaceId, messageId: row.id }
  let isLate = false
  try {
    return await api.transaction(async (tx) => {
      const at = await answerMessage(tx, key, answer)
      if (at === null) return null
      const { outcome, payload } = responseOutcome(workspaceId, { ...answer, at })
      if (payload !== null) await putPayloads(tx, [payload])
      const waits = await readResponseWaits(tx, key)
      const answered = await answerWaits(
        tx,
        waits.map((wait) => ({ ...wait, workspaceId, outcome })),
      )
      isLate = row.is_awaited && !answered.some((one) => isWhoAsked(one, row))
      if (isLate) throw new ServiceError('stale', 'nobody waits for this message any more')
      return answered
    })
  } catch (error) {
    if (isLate) return null
    throw error
  }
}

const isWhoAsked = (one: AnsweredExecution, row: MessageRow): boolean =>
  one.executionId === row.execution_id && one.answers.some(({ seq }) => seq === row.seq)
