import type { Awaited, Blocked } from './deadlock.ts'
import type { Stuck } from './stuck.ts'

/**
 * Stuck executions that wait, in the end, for one another and for no other stuck one: those who
 * hang on them are stuck because of them. Empty when nobody is stuck.
 */
export function findKnot<W extends Awaited>(stuck: Stuck<W>): readonly Blocked<W>[] {
  const backward = reversed(stuck)
  let [start] = stuck.keys()
  while (start !== undefined) {
    const ahead = reach(start, (id) => stuckOn(id, stuck))
    const back = reach(start, (id) => backward.get(id) ?? [])
    // The last one found is the farthest away, so the walk is short.
    const beyond = [...ahead].findLast((id) => !back.has(id))
    if (beyond === undefined) return [...ahead].flatMap((id) => stuck.get(id) ?? [])
    start = beyond
  }
  return []
}

/** Everybody that can be reached from one, itself included only when it is on a cycle. */
function reach(start: string, next: (id: string) => Iterable<string>): ReadonlySet<string> {
  const found = new Set(next(start))
  for (const id of found) for (const further of next(id)) found.add(further)
  return found
}

function reversed(stuck: Stuck<Awaited>): ReadonlyMap<string, readonly string[]> {
  const backward = new Map<string, string[]>()
  for (const id of stuck.keys()) {
    for (const on of stuckOn(id, stuck)) {
      const list = backward.get(on)
      if (list === undefined) backward.set(on, [id])
      else list.push(id)
    }
  }
  return backward
}

function stuckOn(id: string, stuck: Stuck<Awaited>): readonly string[] {
  return (stuck.get(id)?.waits ?? []).flatMap(({ on }) => on.filter((other) => stuck.has(other)))
}
