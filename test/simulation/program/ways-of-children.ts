import type { Json } from './expectation.ts'
import { marksOf } from './marks-of.ts'
import { CHILD_TIMEOUT_MS, type Node, type Until } from './program.ts'
import {
  combinations,
  distinct,
  type Ended,
  intersection,
  throwWay,
  union,
  valueWay,
  type Way,
} from './ways.ts'

/** Where a node stands: its path, what the bodies around it have done before, and what it is in. */
export interface Place {
  readonly path: string
  readonly done: readonly (readonly Json[])[]
  /** Inside of a lock that may deadlock: waits for executions may be broken. */
  readonly inRing: boolean
  readonly rules: Rules
}

export interface Rules {
  readonly hasEffects: boolean
  /** A third party may fail, so that an effect is unknown. */
  readonly effectsMayFail: boolean
}

/** How an execution may end that goes through a body in this way. */
export function endedBy({ kind, value, end, sure, maybe, ms }: Way): Ended {
  const marks = { sure, maybe, ms }
  if (kind === 'end' && end !== null) return { ...end, output: value, ...marks }
  return kind === 'value'
    ? { status: 'ENDED_SUCCESS', output: { trace: value }, message: null, ...marks }
    : { status: 'ENDED_ERROR', output: { failed: value }, message: null, ...marks }
}

/** As the flow tells of an execution's end. */
const told = ({ status, output, message }: Ended): Json => [
  status,
  output,
  status === 'ENDED_SUCCESS' ? message : null,
]

type Child = Extract<Node, { kind: 'child' }>

export function waysOfChild(node: Child, ends: readonly Ended[], place: Place): Way[] {
  const { path, done } = place
  // Nobody waits for it: it goes on by itself, and ends in one of its ways.
  const alone = {
    sure: intersection(ends.map((end) => end.sure)),
    maybe: union(...ends.map((end) => union(end.sure, end.maybe))),
  }
  if (node.mode === 'detached') return [valueWay('detached', alone)]
  const ways = ends.map((end): Way =>
    end.status === 'ENDED_SUCCESS' || node.mode === 'ended'
      ? valueWay(told(end), marksAndTime(end))
      : throwWay(
          { at: path, name: 'DependencyFailedError', ends: [told(end)], done },
          marksAndTime(end),
        ),
  )
  if (node.mode === 'timeout') ways.push(valueWay('timed out', { ...alone, ms: CHILD_TIMEOUT_MS }))
  return distinct([...ways, ...broken(place, alone)])
}

const marksAndTime = ({ sure, maybe, ms }: Ended): Pick<Way, 'sure' | 'maybe' | 'ms'> => ({
  sure,
  maybe,
  ms,
})

/** A wait for executions inside of a ring of locks may be the one that a deadlock is broken by. */
function broken({ path, done, inRing }: Place, marks: Partial<Way>): Way[] {
  return inRing ? [throwWay({ at: path, name: 'DeadlockError', ends: [], done }, marks)] : []
}

export function waysOfCancel(
  node: Extract<Node, { kind: 'cancel' }>,
  childEnds: readonly Ended[],
  place: Place,
): Way[] {
  const { afterMs } = node
  const maybe = marksOf(node.body, place.path, place.rules.hasEffects)
  const ways = childEnds.flatMap((end): Way[] =>
    end.status === 'ENDED_CANCELLED'
      ? []
      : [valueWay(told(end), { ...marksAndTime(end), ms: Math.max(end.ms, afterMs) })],
  )
  ways.push(valueWay(['cancelled'], { maybe, ms: afterMs }))
  return distinct([...ways, ...broken(place, { maybe, ms: afterMs })])
}

export function waysOfGather(
  { bodies, until }: Extract<Node, { kind: 'gather' }>,
  lists: readonly (readonly Ended[])[],
  place: Place,
): Way[] {
  const ways: Way[] = []
  for (const ends of combinations(lists)) {
    const marks = {
      sure: union(...ends.map((end) => end.sure)),
      maybe: union(...ends.map((end) => end.maybe)),
      ms: Math.max(0, ...ends.map((end) => end.ms)),
    }
    for (const first of firstsOf(until, ends))
      ways.push(valueWay({ first, ends: ends.map(told) }, marks))
  }
  const maybe = union(
    ...bodies.map((body, n) => marksOf(body, `${place.path}.${n}`, place.rules.hasEffects)),
  )
  return distinct([...ways, ...broken(place, { maybe })])
}

/** What the first wait may have come back with, when these are the ends in the end. */
function firstsOf(until: Until, ends: readonly Ended[]): Json[] {
  const total = ends.filter((end) => end.status === 'ENDED_SUCCESS').length
  const needed = neededOf(until, ends.length)
  if (needed.of === 'succeeded' && total < needed.count) return ['DependencyFailedError']
  const firsts: Json[] = []
  for (let bits = 1; bits < 2 ** ends.length; bits += 1) {
    const some = [...ends.entries()].filter(([n]) => Math.floor(bits / 2 ** n) % 2 === 1)
    const counted =
      needed.of === 'ended'
        ? some.length
        : some.filter(([, end]) => end.status === 'ENDED_SUCCESS').length
    if (counted >= needed.count) firsts.push(some.map(([n, end]) => [n, end.status]))
  }
  return firsts
}

function neededOf(until: Until, count: number): { of: 'ended' | 'succeeded'; count: number } {
  switch (until) {
    case 'ALL_ENDED':
      return { of: 'ended', count }
    case 'ALL_SUCCEEDED':
      return { of: 'succeeded', count }
    case 'FIRST_ENDED':
      return { of: 'ended', count: 1 }
    case 'FIRST_SUCCEEDED':
      return { of: 'succeeded', count: 1 }
    default:
      return 'ended' in until
        ? { of: 'ended', count: until.ended }
        : { of: 'succeeded', count: until.succeeded }
  }
}
