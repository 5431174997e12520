import type { Queryable } from './database.ts'
import { ZERO_ID } from './row-order.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('retention', [
  'listWorkspaces',
  'removeTrees',
  'removeDeepest',
  'unusedPayloads',
  'unusedScripts',
  'referredContents',
  'removePayloads',
  'removeScripts',
  'touchPayloads',
  'touchScripts',
])

/** Whose, and how long after its end an execution is kept. */
export interface Retained {
  readonly workspaceId: string
  readonly keepMs: number
}

export async function listRetained(db: Queryable): Promise<string[]> {
  return (await db.query<{ id: string }>(sql.listWorkspaces)).map((row) => row.id)
}

/** What one page of a walk over the old executions of a workspace came to. */
export interface RemovedPage {
  readonly removed: number
  /** Tops of trees that are due and too large for one statement: for removeLargeTree. */
  readonly large: readonly string[]
  /** Where the next page begins; null: the walk is at its end. */
  readonly next: string | null
}

/**
 * Removes whole trees whose members all ended long enough ago, with what belongs to them alone.
 * History, answers and logs go with their partition. One statement, all or nothing: a crash leaves
 * what was there before or what is there afterwards.
 */
export async function removeTrees(
  db: Queryable,
  retained: Retained,
  {
    after,
    limit,
    largest,
  }: { readonly after: string | null; readonly limit: number; readonly largest: number },
): Promise<RemovedPage> {
  const { workspaceId, keepMs } = retained
  const params = [workspaceId, after ?? ZERO_ID, keepMs, limit, largest]
  const [row] = await db.query<{
    rows: number
    last: string | null
    removed: number
    large: string[]
  }>(sql.removeTrees, params)
  return {
    removed: row?.removed ?? 0,
    large: row?.large ?? [],
    next: row === undefined || row.rows < limit ? null : row.last,
  }
}

/** Some of a large tree, children before parents; returns how many went. 0: done, or it lives again. */
export async function removeDeepest(
  db: Queryable,
  retained: Retained,
  { top, limit }: { readonly top: string; readonly limit: number },
): Promise<number> {
  const params = [retained.workspaceId, top, retained.keepMs, limit]
  const [row] = await db.query<{ removed: number }>(sql.removeDeepest, params)
  return row?.removed ?? 0
}

/** Payloads and scripts are kept by content and may be shared by any executions of a workspace. */
export type Content = 'payload' | 'script'

/** A page of those that only executions older than `keepMs` can still refer to. Hashes in hex. */
export async function unusedContents(
  db: Queryable,
  retained: Retained,
  {
    of,
    after,
    limit,
  }: { readonly of: Content; readonly after: string | null; readonly limit: number },
): Promise<{ readonly hashes: readonly string[]; readonly next: string | null }> {
  const statement = of === 'payload' ? sql.unusedPayloads : sql.unusedScripts
  const params = [retained.workspaceId, after ?? '', retained.keepMs, limit]
  const rows = await db.query<{ hash: string; is_unused: boolean }>(statement, params)
  return {
    hashes: rows.filter((row) => row.is_unused).map((row) => row.hash),
    next: rows.length < limit ? null : (rows.at(-1)?.hash ?? null),
  }
}

/** A page of the hashes that executions older than `keepMs` refer to, because they are still there. */
export async function referredContents(
  db: Queryable,
  retained: Retained,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<{ readonly hashes: readonly string[]; readonly next: string | null }> {
  const params = [retained.workspaceId, after ?? ZERO_ID, retained.keepMs, limit]
  const [row] = await db.query<{ hashes: string[]; rows: number; last: string | null }>(
    sql.referredContents,
    params,
  )
  return {
    hashes: row?.hashes ?? [],
    next: row === undefined || row.rows < limit ? null : row.last,
  }
}

/** Returns how many went; those that were put again meanwhile stay. */
export async function removeContents(
  db: Queryable,
  retained: Retained,
  { of, hashes }: { readonly of: Content; readonly hashes: readonly string[] },
): Promise<number> {
  if (hashes.length === 0) return 0
  const statement = of === 'payload' ? sql.removePayloads : sql.removeScripts
  const params = [retained.workspaceId, hashes, retained.keepMs]
  const [row] = await db.query<{ removed: number }>(statement, params)
  return row?.removed ?? 0
}

/**
 * Marks contents as used, as putting them does: before an execution refers to a payload that it does
 * not put itself, and when somebody was found to refer to them.
 */
export async function touchContents(
  db: Queryable,
  of: Content,
  keys: readonly { readonly workspaceId: string; readonly hash: string }[],
): Promise<void> {
  if (keys.length === 0) return
  const param = keys.map(({ workspaceId, hash }) => ({ workspace_id: workspaceId, hash }))
  await db.query(of === 'payload' ? sql.touchPayloads : sql.touchScripts, [JSON.stringify(param)])
}
