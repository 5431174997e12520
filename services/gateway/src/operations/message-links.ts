import { type Form, type LinkClaims, signLink, verifyLink } from '@millrace/form'
import { newId, now, randomToken, ServiceError } from '@millrace/runtime'
import { insertAudit, type MessageRow, readLinkKeys } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { findMessage } from './messages.ts'
import { time } from './page-request.ts'
import { callerAnswers, demandAnswer, replyToMessage } from './reply-message.ts'

/**
 * Makes a link with which `recipient` answers a message without a login; audited. Throws as a reply
 * of the caller would, and `conflict` where the message allows no links.
 */
export async function createLink(
  context: Context,
  caller: Caller,
  request: { readonly id: string; readonly recipient: string; readonly expiresAfter: number },
): Promise<object> {
  const { workspaceId, userId } = caller
  const row = await findMessage(context, workspaceId, request.id)
  demandAnswer(row, callerAnswers(caller).answerer)
  if (!row.allows_links)
    throw new ServiceError(
      'conflict',
      'This message is answered after a login only: it was made without allows_links.',
    )
  const recipient = request.recipient.trim()
  const expiresAt = now() + request.expiresAfter * 1_000
  const token = signLink(await readLinkKeys(context.api), {
    workspaceId,
    messageId: row.id,
    recipient,
    expiresAt,
    nonce: randomToken(16),
  })
  await insertAudit(context.api, {
    workspaceId,
    id: newId(),
    actorId: userId,
    action: 'message.link',
    subject: row.id,
    details: JSON.stringify({ recipient, expires_at: time(expiresAt) }),
  })
  // Behind #: browsers keep that to themselves, so it is in no log and no referrer.
  return { url: `${context.publicUrl()}/answer#${token}`, token, expires_at: time(expiresAt) }
}

/** The form that a link is for, and nothing else. Throws `unauthenticated` and `conflict`. */
export async function readLinkForm(context: Context, token: string): Promise<object> {
  const { row, claims } = await openLink(context, token)
  demandAnswer(row, { kind: 'link', recipient: claims.recipient })
  const form = JSON.parse(row.form) as Form
  return { recipient: claims.recipient, form, expires_at: time(claims.expiresAt) }
}

/** Answers by a link. Throws as `replyToMessage`, and `unauthenticated`. */
export async function replyByLink(
  context: Context,
  request: { readonly token: string; readonly response: unknown },
): Promise<object> {
  const { claims } = await openLink(context, request.token)
  const { workspaceId, messageId: id, recipient } = claims
  const by = { id: null, answerer: { kind: 'link', recipient } } as const
  const { response } = request
  await replyToMessage(context, by, { workspaceId, id, response, isRepeat: false })
  return { status: 'ANSWERED' }
}

async function openLink(
  context: Context,
  token: string,
): Promise<{ readonly claims: LinkClaims; readonly row: MessageRow }> {
  const verdict = verifyLink(await readLinkKeys(context.api), token, now())
  if (!verdict.ok)
    throw new ServiceError(
      'unauthenticated',
      verdict.reason === 'expired'
        ? 'This link has expired. Ask who sent it for a new one.'
        : 'This link is not one of this server. Check that it was copied whole.',
    )
  const { claims } = verdict
  return { claims, row: await findMessage(context, claims.workspaceId, claims.messageId) }
}
