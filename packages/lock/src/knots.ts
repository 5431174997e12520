import type { Awaited, Blocked } from './deadlock.ts'
import type { Stuck } from './stuck.ts'

/** Members that all wait, in the end, for one another and for nobody else who is stuck. */
export type Knot<W extends Awaited> = readonly Blocked<W>[]

/**
 * All knots; those who hang on them are stuck because of them. Whoever frees one leaves the others as they
 * are. Empty when nobody is stuck. One walk: linear in the graph's size.
 */
export function findKnots<W extends Awaited>(stuck: Stuck<W>): readonly Knot<W>[] {
  const groups = Map.groupBy(groupsOf(stuck), ({ group }) => group).values()
  return groups
    .filter((members) => {
      const [group] = members.map((one) => one.group)
      return members.every(({ on }) => on.every((other) => other.group === group))
    })
    .map((members) => members.map(({ blocked }) => blocked))
    .toArray()
}

interface Node<W extends Awaited> {
  readonly blocked: Blocked<W>
  /** Stuck ones that it waits for. */
  on: readonly Node<W>[]
  /** How many of `on` were gone to. */
  seen: number
  /** When the walk came to it; 0: not yet. */
  index: number
  /** The earliest one that is known to be reached from it, of those without a group. */
  low: number
  /** Those who reach each other have the same. 0: not known yet. */
  group: number
}

/** In the order of `stuck`, each with its group: Tarjan's strongly connected components, without recursion. */
function groupsOf<W extends Awaited>(stuck: Stuck<W>): readonly Node<W>[] {
  const nodes = new Map<string, Node<W>>()
  for (const [id, blocked] of stuck)
    nodes.set(id, { blocked, on: [], seen: 0, index: 0, low: 0, group: 0 })
  for (const node of nodes.values()) {
    const ids = new Set(node.blocked.waits.flatMap((wait) => wait.on))
    node.on = [...ids].flatMap((id) => nodes.get(id) ?? [])
  }
  const way: Node<W>[] = []
  const withoutGroup: Node<W>[] = []
  let lastIndex = 0
  let lastGroup = 0

  for (const start of nodes.values()) {
    if (start.index === 0) enter(start)
    for (let node = way.at(-1); node !== undefined; node = way.at(-1)) {
      const next = node.on[node.seen]
      node.seen += 1
      if (next === undefined) leave(node)
      else if (next.index === 0) enter(next)
      else if (next.group === 0) node.low = Math.min(node.low, next.index)
    }
  }
  return [...nodes.values()]

  function enter(node: Node<W>): void {
    lastIndex += 1
    node.index = lastIndex
    node.low = lastIndex
    way.push(node)
    withoutGroup.push(node)
  }

  function leave(node: Node<W>): void {
    way.pop()
    const before = way.at(-1)
    if (before !== undefined) before.low = Math.min(before.low, node.low)
    // It reaches nobody before it: those after it are its group.
    if (node.low < node.index) return
    lastGroup += 1
    for (let member; member !== node;) {
      member = withoutGroup.pop()
      if (member === undefined) return
      member.group = lastGroup
    }
  }
}
