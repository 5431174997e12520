import type { Awaited, Blocked } from './deadlock.ts'
import { Multimap } from './multimap.ts'

export type Stuck<W extends Awaited> = ReadonlyMap<string, Blocked<W>>

/**
 * Those who can never move: what is left when everybody who can move has moved and, moving, has
 * let others move. `freed` are taken to move whatever they wait for. Linear in the graph's size.
 */
export function findStuck<W extends Awaited>(
  blocked: Iterable<Blocked<W>>,
  freed: ReadonlySet<string> = new Set(),
): Stuck<W> {
  const stuck = new Map<string, Blocked<W>>()
  for (const node of blocked) {
    if (node.waits.length > 0 && !freed.has(node.executionId)) stuck.set(node.executionId, node)
  }
  const counters = countersOf(stuck)
  const moving = [...stuck.values()].filter((node) => node.waits.some((w) => isOver(w, stuck)))
  for (const { executionId } of moving) {
    if (!stuck.delete(executionId)) continue
    for (const counter of counters.get(executionId)) {
      counter.missing -= 1
      if (counter.missing === 0) moving.push(counter.node)
    }
  }
  return stuck
}

interface Counter<W extends Awaited> {
  readonly node: Blocked<W>
  missing: number
}

/** By execution: the waits that come one nearer to their answer when it moves. */
function countersOf<W extends Awaited>(stuck: Stuck<W>): Multimap<string, Counter<W>> {
  const counters = new Multimap<string, Counter<W>>()
  for (const node of stuck.values()) {
    for (const wait of node.waits) {
      const counter = { node, missing: missingOf(wait, stuck) }
      for (const id of new Set(wait.on)) counters.add(id, counter)
    }
  }
  return counters
}

function isOver(wait: Awaited, stuck: Stuck<Awaited>): boolean {
  return missingOf(wait, stuck) <= 0
}

/** How many more must move than those who are known to. */
function missingOf(wait: Awaited, stuck: Stuck<Awaited>): number {
  const on = new Set(wait.on)
  let moving = 0
  for (const id of on) if (!stuck.has(id)) moving += 1
  return Math.min(neededOf(wait), on.size) - moving
}

function neededOf(wait: Awaited): number {
  switch (wait.kind) {
    case 'any':
      return 1
    case 'all':
      return Infinity
    case 'n':
      return wait.needed
  }
}
