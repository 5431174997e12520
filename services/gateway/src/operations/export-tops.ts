import {
  type ExecutionRecordRow,
  type Filter,
  listExecutionIds,
  readExecutionRecords,
} from '@millrace/store'
import type { Context } from '../context.ts'

export type HasEnded = (row: Pick<ExecutionRecordRow, 'id' | 'ended_at'>) => boolean

/**
 * Judged once for one export: what it has seen living stays so for it. Else what ends while the export is
 * under way would be left out as part of a tree that was passed over, or come twice.
 */
export function judgeOnce(): HasEnded {
  const living = new Set<string>()
  return ({ id, ended_at: endedAt }) => {
    if (endedAt === null) living.add(id)
    return !living.has(id)
  }
}

/**
 * Whether the tree of `top` has a place for `one`, whose parents all have one. What is in the trash is not
 * exported, unless with a top that is in there itself.
 */
export const hasPlace = (top: Trashable, one: Trashable): boolean =>
  one.deleted_at === null || top.deleted_at !== null

type Trashable = Pick<ExecutionRecordRow, 'deleted_at'>

/** Of some rows of a list those that are in no tree of another one that the list has. */
export async function topsOf(
  context: Context,
  list: { readonly workspaceId: string; readonly filter: Filter | null; readonly at: number },
  { rows, hasEnded }: { readonly rows: readonly ExecutionRecordRow[]; readonly hasEnded: HasEnded },
): Promise<ExecutionRecordRow[]> {
  const { workspaceId } = list
  const above = new Map<string, ExecutionRecordRow>()
  const parentsOf = (some: readonly ExecutionRecordRow[]): string[] => [
    ...new Set(some.flatMap((row) => row.parent_execution_id ?? []).filter((id) => !above.has(id))),
  ]
  for (let ids = parentsOf(rows); ids.length > 0;) {
    const found = await readExecutionRecords(context.api, { workspaceId, ids })
    // What is below one that lives has no place in any tree above it.
    const ended = found.filter(hasEnded)
    for (const one of ended) above.set(one.id, one)
    ids = parentsOf(ended)
  }
  const listed = await listedOf(context, list, [...above.keys()])
  return rows.filter((row) => !isBelowListed(row))

  function isBelowListed(row: ExecutionRecordRow): boolean {
    const chain: ExecutionRecordRow[] = []
    for (let one: ExecutionRecordRow | undefined = row; one !== undefined;) {
      chain.push(one)
      const parent = above.get(one.parent_execution_id ?? '')
      if (
        parent !== undefined &&
        listed.has(parent.id) &&
        chain.every((each) => hasPlace(parent, each))
      )
        return true
      one = parent
    }
    return false
  }
}

/** Those that the list has, too. */
async function listedOf(
  context: Context,
  { workspaceId, filter, at }: Parameters<typeof topsOf>[1],
  ids: readonly string[],
): Promise<Set<string>> {
  const listed = new Set<string>()
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const among: Filter = { field: 'id', op: 'in', value: ids.slice(from, from + AT_ONCE) }
    const both = filter === null ? among : { and: [filter, among] }
    const request = { workspaceId, filter: both, order: null, limit: AT_ONCE, at }
    for (const id of await listExecutionIds(context.api, request)) listed.add(id)
  }
  return listed
}

/** A filter takes as many values at the most. */
const AT_ONCE = 1_000
