import type { Status } from '@millrace/execution'
import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { ZERO_ID } from './row-order.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('cascades', ['readChildren', 'cancelExecutions'])

export interface ChildExecution extends ExecutionKey {
  readonly parentId: string
  /** To be cancelled with its parent. */
  readonly isLive: boolean
}

/**
 * What the parents must be still; else they have none. `ended`: where a cancel comes through them from
 * above; `overrun`: as long as their end is the one at their maximum runtime.
 */
export type ParentIs = 'cancelled' | 'ended' | 'overrun' | 'any'

/** Children that are no orphans, by rising id, ended ones included. */
export async function readChildren(
  db: Queryable,
  input: {
    readonly parent: ExecutionKey
    readonly parentIs: ParentIs
    readonly after: string | null
    readonly limit: number
  },
): Promise<ChildExecution[]> {
  const { parent, parentIs, after, limit } = input
  return readFirst(db, { parents: [parent], parentIs, after, limit })
}

/**
 * The children of these that are no orphans, ended ones included, in pages of a thousand at most: no matter
 * how many of them one has, the next page is read when the last was dealt with.
 */
export async function* readChildrenOfMany(
  db: Queryable,
  parents: readonly ExecutionKey[],
  parentIs: ParentIs = 'any',
): AsyncGenerator<ChildExecution[]> {
  for (let from = 0; from < parents.length; from += PARENTS) {
    const some = parents.slice(from, from + PARENTS)
    const first = await readFirst(db, { parents: some, parentIs, after: null, limit: CHILDREN })
    if (first.length > 0) yield first
    for (const [, children] of Map.groupBy(first, ({ parentId }) => parentId)) {
      const last = children.at(-1)
      if (children.length === CHILDREN && last !== undefined) yield* moreOf(db, last, parentIs)
    }
  }
}

/** Those behind the last one that was read. */
async function* moreOf(
  db: Queryable,
  { workspaceId, executionId, parentId }: ChildExecution,
  parentIs: ParentIs,
): AsyncGenerator<ChildExecution[]> {
  const parent = { workspaceId, executionId: parentId }
  for (let after: string | null = executionId; after !== null;) {
    const more: readonly ChildExecution[] = await readChildren(db, {
      parent,
      parentIs,
      after,
      limit: PAGE,
    })
    if (more.length > 0) yield [...more]
    after = more.length < PAGE ? null : (more.at(-1)?.executionId ?? null)
  }
}

// So that of as many parents without children each takes a hundredth of a question.
const PARENTS = 100
const CHILDREN = 10
const PAGE = 1_000

async function readFirst(
  db: Queryable,
  input: {
    readonly parents: readonly ExecutionKey[]
    readonly parentIs: ParentIs
    readonly after: string | null
    /** Of each parent at most. */
    readonly limit: number
  },
): Promise<ChildExecution[]> {
  const { parents, parentIs, after, limit } = input
  const rows = await db.query<ChildRow>(sql.readChildren, [
    JSON.stringify(parents.map((one) => ({ workspace_id: one.workspaceId, id: one.executionId }))),
    after ?? ZERO_ID,
    limit,
    parentIs,
  ])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    parentId: row.parent_execution_id,
    isLive: row.is_live,
  }))
}

interface ChildRow {
  workspace_id: string
  id: string
  parent_execution_id: string
  is_live: boolean
}

export interface CancelledExecution extends ExecutionKey {
  readonly version: number
  readonly type: string
  readonly parentId: string | null
  /** Who held it or kept it warm. */
  readonly processId: string | null
  readonly was: Status
}

/** Ends what has not ended as ENDED_CANCELLED and drops its waits; the others are passed over. */
export async function cancelExecutions(
  db: Queryable,
  input: { readonly executions: readonly ExecutionKey[]; readonly message: string },
): Promise<CancelledExecution[]> {
  if (input.executions.length === 0) return []
  const param = input.executions.map((key) => ({
    workspace_id: key.workspaceId,
    id: key.executionId,
  }))
  const rows = await db.query<CancelledRow>(sql.cancelExecutions, [
    JSON.stringify(param),
    input.message,
  ])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    version: row.version,
    type: row.type,
    parentId: row.parent_execution_id,
    processId: row.process_id,
    was: row.was,
  }))
}

interface CancelledRow {
  workspace_id: string
  id: string
  version: number
  type: string
  parent_execution_id: string | null
  process_id: string | null
  was: Status
}
