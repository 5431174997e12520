import type { Status } from '@millrace/execution'
import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

/** Names one lock: `setting:<setting id>` or `semaphore:<name>`. */
export interface LockKey {
  readonly workspaceId: string
  readonly key: string
}

export interface AwaitedRow {
  /** The wait. */
  readonly seq: number
  readonly id: string
  readonly status: Status | null
}

/** Whom an execution's dependency waits are for, up to 10,000. */
export function readAwaited(
  db: Queryable,
  key: { workspaceId: string; executionId: string },
): Promise<AwaitedRow[]> {
  return db.query(statements.readAwaited, [key.workspaceId, key.executionId])
}

/** Pairs of who waits and who holds it up, up to `limit`. */
export function readBlocks(
  db: Queryable,
  request: { workspaceId: string; limit: number },
): Promise<{ waiter: string; holder: string }[]> {
  return db.query(statements.readBlocks, [request.workspaceId, request.limit])
}

/** Postgres's clock, ms since 1970: what times of waits are compared with. */
export async function readClock(db: Queryable): Promise<number> {
  const rows = await db.query<{ at: number }>(statements.readClock)
  return rows[0]?.at ?? 0
}

/** The name of the setting whose lock this is. */
export async function readLockedSettingName(
  db: Queryable,
  setting: { workspaceId: string; id: string },
): Promise<string | null> {
  const params = [setting.workspaceId, setting.id]
  const rows = await db.query<{ name: string }>(statements.readLockName, params)
  return rows[0]?.name ?? null
}

const statements = loadStatements('why', ['readAwaited', 'readClock', 'readBlocks', 'readLockName'])
