import type { WaitKind } from '@millrace/execution'
import type { Queryable } from './database.ts'
import { heldParam, type ShardFence } from './shard-leases.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('timers', ['takeDue', 'nextDue', 'countWaits'])

/** A wait whose time has come: a timer, or the timeout of something else. */
export interface DueWait {
  readonly workspaceId: string
  readonly executionId: string
  readonly generation: number
  readonly seq: number
  readonly kind: WaitKind
  /** LOCK: the key of the lock. */
  readonly subject: string | null
  /** By Postgres's clock, never negative. */
  readonly lateMs: number
}

/**
 * Due waits of the caller's shards, at most `limit`. With `isBacklog` (the last call returned a full
 * batch) workspaces take turns among the oldest `2 * limit`. What is due later than all of these waits for
 * them, whosesoever they are: a workspace with 100,000 due timers holds up others until they are answered.
 * They stay due until answered; Postgres's clock alone judges, so none is early.
 */
export async function takeDue(
  db: Queryable,
  input: ShardFence & { readonly limit: number; readonly isBacklog: boolean },
): Promise<DueWait[]> {
  const window = input.isBacklog ? input.limit * BACKLOG_WINDOW : input.limit
  const rows = await db.query<DueRow>(sql.takeDue, [
    heldParam(input),
    input.processId,
    window,
    input.limit,
  ])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.execution_id,
    generation: row.generation,
    seq: row.seq,
    kind: row.kind,
    subject: row.subject,
    lateMs: row.late_ms,
  }))
}

// Batches among which the workspaces take turns.
const BACKLOG_WINDOW = 2

/** ms until the earliest due time in these shards (below 0: late); null when there is none. */
export async function nextDueMs(db: Queryable, shards: readonly number[]): Promise<number | null> {
  const [row] = await db.query<{ in_ms: number }>(sql.nextDue, [shards])
  return row?.in_ms ?? null
}

/** What lies before the holder of some shards. */
export interface WaitCounts {
  readonly due: number
  readonly ahead: number
  /** ms since 1970. */
  readonly nextDueAt: number | null
  readonly dependencies: number
}

/** Reads every open wait: for people, not for a loop. */
export async function countWaits(db: Queryable, shards: readonly number[]): Promise<WaitCounts> {
  const [row] = await db.query<CountRow>(sql.countWaits, [shards])
  return {
    due: row?.due ?? 0,
    ahead: row?.ahead ?? 0,
    nextDueAt: row?.next_due_at ?? null,
    dependencies: row?.dependencies ?? 0,
  }
}

interface CountRow {
  due: number
  ahead: number
  next_due_at: number | null
  dependencies: number
}

interface DueRow {
  workspace_id: string
  execution_id: string
  generation: number
  seq: number
  kind: WaitKind
  subject: string | null
  late_ms: number
}
