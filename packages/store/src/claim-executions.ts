import type { Queryable } from './database.ts'
import { sql } from './executions-sql.ts'
import { byRow } from './row-order.ts'

export interface ExecutionVersion {
  readonly workspaceId: string
  readonly executionId: string
  readonly version: number
}

export interface Claim extends ExecutionVersion {
  /**
   * ms since 1970: when its code began. Kept as the execution's start unless it has one, because the
   * code has seen it: a replay must begin at the very same time.
   */
  readonly startedAt: number
}

/**
 * Moves ready executions to AT_ENGINE under this process, guarded by version. Returns the new
 * version of those that were claimed; the others were moved by somebody else.
 */
export async function claimExecutions(
  db: Queryable,
  { items, processId }: { readonly items: readonly Claim[]; readonly processId: string },
): Promise<Map<string, number>> {
  const keys = items.toSorted(byRow).map(({ workspaceId, executionId, version, startedAt }) => ({
    workspace_id: workspaceId,
    id: executionId,
    version,
    started_at: startedAt,
  }))
  const rows = await db.query<{ id: string; version: number }>(sql.claimExecutions, [
    JSON.stringify(keys),
    processId,
  ])
  return new Map(rows.map((row) => [row.id, row.version]))
}

/** Marks executions so that their end is announced even without a parent. Before the wait is committed. */
export async function markWatched(
  db: Queryable,
  keys: readonly { readonly workspaceId: string; readonly executionId: string }[],
): Promise<void> {
  const rows = keys
    .toSorted(byRow)
    .map(({ workspaceId, executionId }) => ({ workspace_id: workspaceId, id: executionId }))
  await db.query(sql.markWatched, [JSON.stringify(rows)])
}
