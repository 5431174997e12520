import { readTree, type TreeRow } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import { time, timeOrNull } from './page-request.ts'

export interface TreeNode {
  readonly id: string
  readonly name: string | null
  readonly type: string
  readonly status: string
  readonly created_at: string
  readonly ended_at: string | null
  readonly children: TreeNode[]
}

export const TREE_ROWS_MAX = 10_000
const DEPTH_MAX = 1_000

/** The rows of a tree, parents before children. Throws `notFound`. */
export async function readExecutionTree(
  context: Context,
  caller: Caller,
  request: { id: string; depth?: number | undefined },
): Promise<{ rows: TreeRow[]; truncated: boolean }> {
  const rows = await readTree(context.api, {
    workspaceId: caller.workspaceId,
    id: request.id,
    depth: request.depth ?? DEPTH_MAX,
    limit: TREE_ROWS_MAX + 1,
  })
  if (rows.length === 0) throw executionNotFound(request.id)
  return { rows: rows.slice(0, TREE_ROWS_MAX), truncated: rows.length > TREE_ROWS_MAX }
}

/** The same, nested. */
export async function getTree(
  context: Context,
  caller: Caller,
  request: { id: string; depth?: number | undefined },
): Promise<TreeNode & { truncated?: true }> {
  const { rows, truncated } = await readExecutionTree(context, caller, request)
  const nodes = new Map<string, TreeNode>()
  for (const row of rows) {
    const node = toNode(row)
    nodes.set(row.id, node)
    // Rows are ordered by depth, so the parent is there; the root's is outside.
    if (row.id !== request.id) nodes.get(row.parent_execution_id ?? '')?.children.push(node)
  }
  const root = nodes.get(request.id)
  if (root === undefined) throw executionNotFound(request.id)
  return truncated ? { ...root, truncated } : root
}

const toNode = (row: TreeRow): TreeNode => ({
  id: row.id,
  name: row.name,
  type: row.type,
  status: row.status,
  created_at: time(row.created_at),
  ended_at: timeOrNull(row.ended_at),
  children: [],
})
