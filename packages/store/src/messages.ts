import type { Queryable } from './database.ts'
import { sql } from './messages-sql.ts'
import { pgText, pgTextOrNull } from './pg-text.ts'
import type { ExecutionKey } from './read-execution.ts'
import { recordset } from './recordset.ts'

/** A message to be made. JSON is text, times are ms since 1970. */
export interface NewMessage {
  readonly workspaceId: string
  readonly id: string
  readonly executionId: string
  readonly generation: number
  /** The command that asks. */
  readonly seq: number
  /** Whether that command waits: the message is then open for as long as its wait is. */
  readonly isAwaited: boolean
  readonly title: string
  /** Form of packages/form. */
  readonly form: string
  readonly assignees: readonly string[]
  readonly allowsLinks: boolean
  /** When who is told that it is not answered; null: nobody ever. */
  readonly plan: string | null
  /** The first step of the plan. */
  readonly nextAt: number | null
  readonly dueAt: number | null
}

export interface MessageKey {
  readonly workspaceId: string
  readonly messageId: string
}

export type MessageStatus = 'OPEN' | 'ANSWERED' | 'CLOSED'

/** A message as it stands. JSON columns are text; times are ms since 1970. */
export interface MessageRow {
  readonly workspace_id: string
  readonly id: string
  readonly execution_id: string
  readonly generation: number
  readonly seq: number
  readonly is_awaited: boolean
  readonly status: MessageStatus
  readonly title: string
  readonly form: string
  readonly assignees: readonly string[]
  readonly allows_links: boolean
  readonly plan: string | null
  readonly progress: string | null
  readonly next_at: number | null
  readonly due_at: number | null
  readonly changes: number
  readonly created_at: number
  /** As the flow reads it, secret fields included: not to be shown. */
  readonly response: string | null
  readonly button: string | null
  readonly answered_at: number | null
  readonly answered_by: string | null
  readonly answered_by_id: string | null
  readonly closed_at: number | null
  readonly closed_why: 'TIMEOUT' | 'ENDED' | 'WITHDRAWN' | null
  /** When its execution gives up waiting; null: never, or it does not wait. */
  readonly expires_at: number | null
  /** Of the execution that asks; null when it is not there any more. */
  readonly execution_name: string | null
  readonly flow_id: string | null
  readonly project_id: string | null
}

/**
 * Makes messages; those that exist already are passed over, but for one that a later life of its
 * execution asks again: that is open again, as if it had never been answered. In the transaction of the
 * commit that asks: before it nobody may see them, and with a commit that is refused they never were.
 */
export async function insertMessages(tx: Queryable, items: readonly NewMessage[]): Promise<void> {
  if (items.length === 0) return
  // A rerun may ask in one batch with the execution whose question it has inherited: a statement cannot
  // change a row twice.
  const first = new Map(items.toReversed().map((item) => [item.id, item]))
  const once = items.filter((item) => first.get(item.id) === item)
  const rows = once.map((item) => ({
    workspace_id: item.workspaceId,
    id: item.id,
    execution_id: item.executionId,
    generation: item.generation,
    seq: item.seq,
    is_awaited: item.isAwaited,
    title: pgText(item.title),
    assignees: item.assignees.map(pgText),
    allows_links: item.allowsLinks,
    next_at: item.nextAt,
    due_at: item.dueAt,
  }))
  await tx.query(sql.insertMessages, [
    recordset(rows),
    once.map((item) => item.form),
    once.map((item) => item.plan),
  ])
  await insertMessages(
    tx,
    items.filter((item) => first.get(item.id) !== item),
  )
}

/** Those that exist, in no order. */
export async function readMessages(
  db: Queryable,
  keys: readonly MessageKey[],
): Promise<MessageRow[]> {
  if (keys.length === 0) return []
  const param = keys.map(({ workspaceId, messageId }) => ({
    workspace_id: workspaceId,
    id: messageId,
  }))
  return db.query<MessageRow>(sql.readMessages, [JSON.stringify(param)])
}

/** The newest messages of an execution, `limit` at most. */
export function readMessagesOf(
  db: Queryable,
  key: ExecutionKey,
  limit: number,
): Promise<MessageRow[]> {
  return db.query<MessageRow>(sql.readMessagesOf, [key.workspaceId, key.executionId, limit])
}

/** A number that grows with everything that happens to the messages of an execution. */
export async function countMessageChanges(db: Queryable, key: ExecutionKey): Promise<number> {
  const params = [key.workspaceId, key.executionId]
  const [row] = await db.query<{ changes: number }>(sql.countChanges, params)
  return row?.changes ?? 0
}

/** An answer that was checked. `response`: JSON text. */
export interface MessageAnswer {
  readonly response: string
  readonly button: string | null
  /** A user's name, or whom the link was made for. */
  readonly by: string
  /** Null: by a link. */
  readonly byId: string | null
}

/**
 * Writes the answer to an open message; returns its time, or null when another one was first. In one
 * transaction with the answers to the waits for it: a crash before it commits has accepted nothing.
 */
export async function answerMessage(
  tx: Queryable,
  { workspaceId, messageId }: MessageKey,
  { response, button, by, byId }: MessageAnswer,
): Promise<number | null> {
  const params = [workspaceId, messageId, response, pgTextOrNull(button), pgText(by), byId]
  const [row] = await tx.query<{ answered_at: number }>(sql.answerMessage, params)
  return row?.answered_at ?? null
}

/** A wait for a message. */
export interface ResponseWait {
  readonly executionId: string
  readonly generation: number
  readonly seq: number
}

export async function readResponseWaits(
  tx: Queryable,
  { workspaceId, messageId }: MessageKey,
): Promise<ResponseWait[]> {
  const params = [workspaceId, messageId]
  const rows = await tx.query<{ execution_id: string; generation: number; seq: number }>(
    sql.readResponseWaits,
    params,
  )
  return rows.map((row) => ({
    executionId: row.execution_id,
    generation: row.generation,
    seq: row.seq,
  }))
}

/** What links are signed with: the newest signs, all of them are accepted. */
export async function readLinkKeys(
  db: Queryable,
): Promise<{ readonly current: string; readonly keys: ReadonlyMap<string, Uint8Array> }> {
  const rows = await db.query<{ id: string; key: Uint8Array }>(sql.readLinkKeys)
  return { current: rows[0]?.id ?? '', keys: new Map(rows.map(({ id, key }) => [id, key])) }
}
