import type { Awaited, Blocked } from './deadlock.ts'
import { Multimap } from './multimap.ts'
import type { Stuck } from './stuck.ts'

/**
 * Stuck executions that wait, in the end, for one another and for no other stuck one: those who
 * hang on them are stuck because of them. Empty when nobody is stuck.
 */
export function findKnot<W extends Awaited>(stuck: Stuck<W>): readonly Blocked<W>[] {
  const forward = new Multimap<string, string>()
  const backward = new Multimap<string, string>()
  for (const { executionId, waits } of stuck.values()) {
    for (const on of waits.flatMap((wait) => wait.on).filter((other) => stuck.has(other))) {
      forward.add(executionId, on)
      backward.add(on, executionId)
    }
  }
  let [start] = stuck.keys()
  while (start !== undefined) {
    const ahead = reach(start, forward)
    const behind = reach(start, backward)
    // The last one found is the farthest away, so the walk to the knot is short.
    const beyond = [...ahead].findLast((id) => !behind.has(id))
    if (beyond === undefined) {
      return [...stuck.values()].filter(({ executionId }) => ahead.has(executionId))
    }
    start = beyond
  }
  return []
}

/** Everybody who can be reached from one, itself included only when it is on a cycle. */
function reach(start: string, edges: Multimap<string, string>): ReadonlySet<string> {
  const found = new Set(edges.get(start))
  for (const id of found) for (const further of edges.get(id)) found.add(further)
  return found
}
