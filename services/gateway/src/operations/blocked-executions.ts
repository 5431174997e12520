import { now } from '@millrace/runtime'
import { readBlocks, readExecutionRecords } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { time } from './page-request.ts'
import { reasonOf } from './why-sentences.ts'

const PAIRS_MAX = 50_000
const GROUPS_MAX = 200

/** What stands still because of others, grouped by the execution at the end of its chain. */
export async function groupBlocked(context: Context, caller: Caller): Promise<object> {
  const { workspaceId } = caller
  const pairs = await readBlocks(context.api, { workspaceId, limit: PAIRS_MAX })
  const groups = [...groupByRoot(pairs)].toSorted(([, a], [, b]) => b.length - a.length)
  const shown = groups.slice(0, GROUPS_MAX)
  const ids = shown.map(([root]) => root)
  const rows = await readExecutionRecords(context.api, { workspaceId, ids })
  const byId = new Map(rows.map((row) => [row.id, row]))
  return {
    items: shown.map(([root, blocked]) => {
      const row = byId.get(root)
      const waits = typeof row?.waits === 'string' ? (JSON.parse(row.waits) as []) : []
      return {
        root,
        name: row?.name ?? null,
        status: row?.status ?? null,
        reason: row === undefined ? null : reasonOf(row, waits),
        since: row === undefined ? null : time(row.moved_at),
        count: blocked.length,
        execution_ids: blocked.slice(0, 100),
      }
    }),
    truncated: pairs.length === PAIRS_MAX || groups.length > GROUPS_MAX,
    as_of: time(now()),
  }
}

/**
 * The executions held up by each root: a holder that waits for nobody or, in a circle, the one at
 * which the circle was met. One that is held up by several counts for each.
 */
export function groupByRoot(
  pairs: readonly { readonly waiter: string; readonly holder: string }[],
): Map<string, string[]> {
  const holders = new Map<string, Set<string>>()
  for (const { waiter, holder } of pairs) {
    const known = holders.get(waiter)
    if (known === undefined) holders.set(waiter, new Set([holder]))
    else known.add(holder)
  }
  const groups = new Map<string, string[]>()
  for (const waiter of holders.keys()) {
    for (const root of rootsOf(waiter, holders)) {
      const group = groups.get(root)
      if (group === undefined) groups.set(root, [waiter])
      else group.push(waiter)
    }
  }
  return groups
}

function rootsOf(waiter: string, holders: Map<string, Set<string>>): Set<string> {
  const roots = new Set<string>()
  const seen = new Set([waiter])
  const stack = [...(holders.get(waiter) ?? [])]
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    const next = holders.get(id)
    if (next === undefined) roots.add(id)
    else stack.push(...next)
    if (seen.size > CHAIN_MAX) break
  }
  // Everybody on the way waits for somebody: a circle, named by its least member.
  if (roots.size === 0) roots.add([...seen].toSorted()[0] ?? waiter)
  return roots
}

const CHAIN_MAX = 1_000
