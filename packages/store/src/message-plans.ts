import type { Queryable } from './database.ts'
import type { MessageKey } from './messages.ts'
import { sql } from './messages-sql.ts'
import { pgText } from './pg-text.ts'
import { recordset } from './recordset.ts'
import { heldParam, type ShardFence } from './shard-leases.ts'
import type { SweepPage } from './sweep.ts'

/** A message whose plan has something to do, locked until the end of the transaction. */
export interface DueMessage extends MessageKey {
  /** Postgres's clock when it was taken, ms since 1970. */
  readonly at: number
}

/**
 * Locks messages of the caller's shards whose next step is due, the oldest first. Their progress is
 * saved in the same transaction as what was done: a crash before it commits has done nothing.
 */
export async function takeDueMessages(
  tx: Queryable,
  input: ShardFence & { readonly limit: number },
): Promise<DueMessage[]> {
  const params = [heldParam(input), input.processId, input.limit]
  const rows = await tx.query<{ workspace_id: string; id: string; at: number }>(
    sql.takeDueMessages,
    params,
  )
  return rows.map((row) => ({ workspaceId: row.workspace_id, messageId: row.id, at: row.at }))
}

/** ms until the earliest step in these shards (below 0: late); null when there is none. */
export async function nextDueMessageMs(
  db: Queryable,
  shards: readonly number[],
): Promise<number | null> {
  const [row] = await db.query<{ in_ms: number }>(sql.nextDueMessage, [shards])
  return row?.in_ms ?? null
}

/** How far a plan has been carried out. `progress`: JSON text; `nextAt`: ms since 1970. */
export interface MessageProgress extends MessageKey {
  readonly progress: string
  readonly nextAt: number | null
  readonly assignees: readonly string[]
}

/** In the transaction that took them. */
export async function saveProgress(
  tx: Queryable,
  items: readonly MessageProgress[],
): Promise<void> {
  if (items.length === 0) return
  const rows = items.map((item) => ({
    workspace_id: item.workspaceId,
    id: item.messageId,
    next_at: item.nextAt,
    assignees: item.assignees.map(pgText),
  }))
  await tx.query(sql.saveProgress, [recordset(rows), items.map((item) => item.progress)])
}

/** Writes down that these are closed, those of them that are; returns their ids. */
export async function closeMessages(db: Queryable, keys: readonly MessageKey[]): Promise<string[]> {
  if (keys.length === 0) return []
  const param = keys.map(({ workspaceId, messageId }) => ({
    workspace_id: workspaceId,
    id: messageId,
  }))
  const rows = await db.query<{ id: string }>(sql.closeMessages, [JSON.stringify(param)])
  return rows.map((row) => row.id)
}

/** Walks what is stored as open; finds what is open no more because its wait is gone. */
export async function sweepMessages(
  db: Queryable,
  input: ShardFence & { readonly after: MessageKey | null; readonly limit: number },
): Promise<SweepPage<MessageKey, MessageKey>> {
  const { after, limit } = input
  const rows = await db.query<SweptRow>(sql.sweepMessages, [
    heldParam(input),
    input.processId,
    after?.workspaceId ?? ZERO,
    after?.messageId ?? ZERO,
    limit,
  ])
  const keyOf = (row: SweptRow): MessageKey => ({
    workspaceId: row.workspace_id,
    messageId: row.id,
  })
  const last = rows.find((row) => row.find === 'page')
  return {
    finds: rows.filter((row) => row.find === 'closed').map(keyOf),
    rows: last?.rows ?? 0,
    next: last === undefined || last.rows < limit ? null : keyOf(last),
  }
}

interface SweptRow {
  readonly find: 'closed' | 'page'
  readonly workspace_id: string
  readonly id: string
  readonly rows: number
}

const ZERO = '00000000-0000-0000-0000-000000000000'
