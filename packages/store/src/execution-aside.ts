import type { Status } from '@millrace/execution'
import type { Database, Queryable } from './database.ts'
import type { NewExecution } from './new-execution.ts'
import { removeDeepest } from './retention.ts'
import { loadStatements } from './statement.ts'

interface Key {
  readonly workspaceId: string
  readonly id: string
}

/** Whether it is born with rows beside its own: tags to be found by, or hidden from lists. */
export const hasAside = ({ extra }: Pick<NewExecution, 'extra'>): boolean =>
  extra !== null && (extra.includes('"tags":') || extra.includes('"is_hidden":'))

/** Writes those rows, in the transaction that creates the executions. */
export async function noteBorn(tx: Queryable, items: readonly NewExecution[]): Promise<void> {
  if (items.length === 0) return
  const rows = items.map(({ workspaceId, id, extra }) => {
    const { tags, is_hidden } = JSON.parse(extra ?? '{}') as { tags?: unknown; is_hidden?: unknown }
    return {
      workspace_id: workspaceId,
      id,
      tags: Array.isArray(tags) ? tags : [],
      is_hidden: is_hidden === true,
    }
  })
  await tx.query(statements.noteBorn, [JSON.stringify(rows)])
}

/** Puts an execution into the trash. Null: there is none; `done` is false where it has not ended. */
export async function trashExecution(
  db: Queryable,
  { workspaceId, id, by }: Key & { readonly by: string },
): Promise<{ readonly status: Status; readonly done: boolean } | null> {
  const params = [workspaceId, id, by]
  const [row] = await db.query<{ status: Status; is_done: boolean }>(statements.trash, params)
  return row === undefined ? null : { status: row.status, done: row.is_done }
}

/** Takes it out again; false when it is not in the trash. */
export async function restoreExecution(db: Queryable, { workspaceId, id }: Key): Promise<boolean> {
  return (await db.query(statements.restore, [workspaceId, id])).length > 0
}

/** Keeps it out of lists that do not ask for hidden ones, or no longer. */
export async function hideExecution(
  db: Queryable,
  { workspaceId, id, isHidden }: Key & { readonly isHidden: boolean },
): Promise<void> {
  await db.query(isHidden ? statements.hide : statements.show, [workspaceId, id])
}

/** Makes these the tags that it is found by. */
export async function setExecutionTags(
  db: Queryable,
  { workspaceId, id, tags }: Key & { readonly tags: readonly string[] },
): Promise<void> {
  await db.query(statements.setTags, [workspaceId, id, tags])
}

/** What became of a purge: done, or what stands in its way. */
export type Purge =
  | { readonly kind: 'purged'; readonly count: number }
  | { readonly kind: 'notFound' }
  /** This one, itself or below it, has not ended. */
  | { readonly kind: 'lives'; readonly id: string }
  /** This one waits for one of them. */
  | { readonly kind: 'awaited'; readonly by: string }
  | { readonly kind: 'tooMany'; readonly limit: number }
  /** Somebody holds one of them at this moment. */
  | { readonly kind: 'busy' }

/**
 * Removes an execution and all below it for ever, with everything that is theirs alone: all or
 * nothing. Who begins to wait for one of them at this very moment is answered that it is missing.
 */
export function purgeExecution(db: Database, { workspaceId, id }: Key): Promise<Purge> {
  return db.transaction(async (tx): Promise<Purge> => {
    const below = await tx.query<{ id: string; ended_at: number | null }>(statements.readBelow, [
      workspaceId,
      id,
      PURGE_MAX + 1,
    ])
    const [first] = below
    if (first === undefined) return { kind: 'notFound' }
    if (first.ended_at === null) return { kind: 'lives', id: first.id }
    if (below.length > PURGE_MAX) return { kind: 'tooMany', limit: PURGE_MAX }
    const ids = below.map((row) => row.id)
    const [waiter] = await tx.query<{ execution_id: string }>(statements.findWaiter, [
      workspaceId,
      ids,
    ])
    if (waiter !== undefined) return { kind: 'awaited', by: waiter.execution_id }
    const removed = await removeDeepest(
      tx,
      { workspaceId, keepMs: 0 },
      { top: id, limit: ids.length },
    )
    // One of them is held, or lives again.
    if (removed === 0) return { kind: 'busy' }
    await tx.query(statements.removeHistory, [workspaceId, ids])
    return { kind: 'purged', count: removed }
  })
}

const PURGE_MAX = 10_000

const statements = loadStatements('execution-aside', [
  'trash',
  'restore',
  'hide',
  'show',
  'setTags',
  'readBelow',
  'findWaiter',
  'removeHistory',
  'noteBorn',
])
