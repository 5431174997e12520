/** Where a message stands. Times are ms since 1970. */
export type MessageState =
  | { readonly kind: 'open' }
  | { readonly kind: 'answered'; readonly at: number; readonly by: string }
  | {
      readonly kind: 'closed'
      readonly at: number
      readonly why: 'timeout' | 'ended' | 'withdrawn'
    }

/** What decides who may answer a message, and whether anybody still may. */
export interface AnswerableMessage {
  readonly state: MessageState
  /** Names of identities (users, roles); empty: everybody who may see the message. */
  readonly assignees: readonly string[]
  /** Whether a signed link is enough, without a login. */
  readonly allowsLinks: boolean
}

export type Answerer =
  | {
      readonly kind: 'user'
      /** As it is kept and shown. */
      readonly name: string
      /** The user's id and name, and those of the roles that the user has. */
      readonly identities: readonly string[]
      /** May answer whatever is open, so that nothing waits for somebody who has left. */
      readonly isAdmin: boolean
    }
  /** Whom a link was made for; the link itself has been verified. */
  | { readonly kind: 'link'; readonly recipient: string }

export type AnswerVerdict =
  | { readonly verdict: 'accepted'; readonly next: MessageState }
  | {
      readonly verdict: 'refused'
      readonly reason: 'not_assigned' | 'links_not_allowed' | 'answered' | 'closed'
      readonly detail: string
    }

/**
 * Whether this answer counts: the first one does. Permission is asked first, so that who may not
 * answer does not learn who did. The caller writes `next` with a statement that matches an open
 * message only: of two answers at once one matches, and the other reads again and is refused here. A
 * crash before that write has accepted nothing.
 */
export function decideAnswer(message: AnswerableMessage, by: Answerer, now: number): AnswerVerdict {
  if (by.kind === 'link' && !message.allowsLinks)
    return refused('links_not_allowed', 'This message is answered after a login only.')
  if (by.kind === 'user' && !isAssigned(message.assignees, by))
    return refused('not_assigned', 'This message was sent to others.')
  const { state } = message
  switch (state.kind) {
    case 'open':
      return {
        verdict: 'accepted',
        next: { kind: 'answered', at: now, by: by.kind === 'user' ? by.name : by.recipient },
      }
    case 'answered':
      return refused(
        'answered',
        `${state.by} has answered this message at ${new Date(state.at).toISOString()}; the first answer counts.`,
      )
    case 'closed':
      return refused('closed', `This message can no longer be answered: ${CLOSED[state.why]}.`)
  }
}

const CLOSED = {
  timeout: 'the time to answer is over',
  ended: 'the execution that asked has ended',
  withdrawn: 'it was withdrawn',
} as const

const isAssigned = (
  assignees: readonly string[],
  by: Extract<Answerer, { readonly kind: 'user' }>,
): boolean =>
  by.isAdmin || assignees.length === 0 || assignees.some((name) => by.identities.includes(name))

const refused = (
  reason: Extract<AnswerVerdict, { readonly verdict: 'refused' }>['reason'],
  detail: string,
): AnswerVerdict => ({ verdict: 'refused', reason, detail })
