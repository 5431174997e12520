import { newId } from '@millrace/runtime'
import type { Status } from '@millrace/execution'
import type { Queryable } from './database.ts'
import { sql } from './locks-sql.ts'
import type { LockKey } from './why.ts'

/** A lock for people to look at. Times are ms since 1970. */
export interface LockView extends LockKey {
  readonly capacity: number
  readonly lastToken: number
  readonly holders: readonly {
    readonly executionId: string
    readonly name: string | null
    /** Null when the execution is not there any more. */
    readonly status: Status | null
    readonly token: number
    /** Acquires that are not released yet. */
    readonly depth: number
    readonly since: number
    /** When its place is free by itself; null: when it gives it back. */
    readonly until: number | null
  }[]
  /** In the order in which they will be served. */
  readonly waiters: readonly {
    readonly executionId: string
    readonly name: string | null
    readonly status: Status
    readonly seq: number
    /** 1 is next. */
    readonly position: number
    readonly since: number
    /** When it gives up; null: never. */
    readonly until: number | null
  }[]
}

/** A lock that nobody ever asked for is a free one. `waitersMax`: no more of them than that. */
export async function inspectLock(
  db: Queryable,
  { workspaceId, key }: LockKey,
  waitersMax: number | null = null,
): Promise<LockView> {
  const params = [workspaceId, key]
  const [[lock], holders, waiters] = await Promise.all([
    db.query<{ capacity: number; last_token: number }>(sql.readLock, params),
    db.query<HolderViewRow>(sql.readLockHolders, params),
    db.query<WaiterViewRow>(sql.readLockWaiters, [...params, waitersMax]),
  ])
  return {
    workspaceId,
    key,
    capacity: lock?.capacity ?? 1,
    lastToken: lock?.last_token ?? 0,
    holders: holders.map((row) => ({
      executionId: row.execution_id,
      name: row.name,
      status: row.status,
      token: row.token,
      depth: row.depth,
      since: row.held_since,
      until: row.expires_at,
    })),
    waiters: waiters.map((row, index) => ({
      executionId: row.execution_id,
      name: row.name,
      status: row.status,
      seq: row.seq,
      position: index + 1,
      since: row.since,
      until: row.due_at,
    })),
  }
}

export interface LockSummary {
  readonly key: string
  readonly capacity: number
  readonly holders: number
  readonly waiters: number
}

/** Locks that are held or waited for, by key; `after` is the last key of the page before. */
export function listLocks(
  db: Queryable,
  input: { readonly workspaceId: string; readonly after: string; readonly limit: number },
): Promise<LockSummary[]> {
  return db.query<LockSummary>(sql.listLocks, [input.workspaceId, input.after, input.limit])
}

/** The limits of a flow that somebody holds a place of or waits for, as keys of locks. */
export async function listGateKeys(
  db: Queryable,
  input: { readonly workspaceId: string; readonly flowId: string; readonly limit: number },
): Promise<string[]> {
  const { workspaceId, flowId, limit } = input
  const rows = await db.query<{ key: string }>(sql.listGateKeys, [workspaceId, flowId, limit])
  return rows.map((row) => row.key)
}

/** Writes down who took a lock away from whom; in the transaction that does. */
export async function auditForceRelease(
  tx: Queryable,
  input: LockKey & {
    readonly actorId: string | null
    readonly details: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  await tx.query(sql.auditLock, [
    input.workspaceId,
    newId(),
    input.actorId,
    input.key,
    JSON.stringify(input.details),
  ])
}

interface HolderViewRow {
  execution_id: string
  token: number
  depth: number
  held_since: number
  expires_at: number | null
  name: string | null
  status: Status | null
}

interface WaiterViewRow {
  execution_id: string
  seq: number
  since: number
  due_at: number | null
  name: string | null
  status: Status
}
