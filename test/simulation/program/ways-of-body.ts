import type { Json } from './expectation.ts'
import { marksOf } from './marks-of.ts'
import type { Body, LockNode, Node } from './program.ts'
import {
  combinations,
  distinct,
  type Ended,
  NONE,
  throwWay,
  union,
  valueWay,
  type Way,
} from './ways.ts'
import {
  endedBy,
  type Place,
  type Rules,
  waysOfCancel,
  waysOfChild,
  waysOfGather,
} from './ways-of-children.ts'

/** All ways in which an execution that runs this body may end. */
export const endsOf = (body: Body, place: Omit<Place, 'done'>): Ended[] =>
  waysOfBody(body, { ...place, done: [] }).map(endedBy)

/** All ways through a body: its nodes one after the other, until one throws or ends it all. */
function waysOfBody(body: Body, place: Place): Way[] {
  let open: { trace: Json[]; way: Way }[] = [{ trace: [], way: valueWay(null) }]
  const over: Way[] = []
  for (const node of body) {
    const next: typeof open = []
    for (const { trace, way: before } of open) {
      const at = { ...place, path: `${place.path}/${node.id}`, done: [...place.done, trace] }
      for (const way of waysOfNode(node, at)) {
        const both = after(before, way)
        if (way.kind === 'value') next.push({ trace: [...trace, way.value], way: both })
        else over.push(both)
      }
    }
    open = distinct(next.map(({ trace, way }) => ({ ...way, value: trace }))).map((way) => ({
      trace: way.value as Json[],
      way,
    }))
  }
  const whole = open.map(({ trace, way }) => ({ ...way, kind: 'value' as const, value: trace }))
  return distinct([...whole, ...over])
}

/** What comes of `next` when `before` has been done. */
const after = (before: Way, next: Way): Way => ({
  ...next,
  sure: union(before.sure, next.sure),
  maybe: union(before.maybe, next.maybe),
  ms: before.ms + next.ms,
})

function waysOfNode(node: Node, place: Place): Way[] {
  const { path, done, rules } = place
  switch (node.kind) {
    case 'step': {
      if (node.how === 'fails') return [throwWay({ at: path, name: 'RangeError', done })]
      const value = [node.id, done.at(-1)?.length ?? 0]
      return [valueWay(node.how === 'async' ? [...value, 'async'] : value)]
    }
    case 'chance':
      return [valueWay('chance')]
    case 'log':
      return [valueWay('log', { sure: new Set([`log${path}`]) })]
    case 'sleep':
      return [valueWay('slept', { ms: node.ms })]
    case 'large':
      return [valueWay([node.bytes, 'abcdefghij'[node.id % 10] ?? ''])]
    case 'effect':
      return waysOfEffect(path, rules)
    case 'message':
      return waysOfMessage(node, path)
    case 'release':
      return [valueWay('not held')]
    case 'throw':
      return [throwWay({ at: path, name: 'Thrown', done })]
    case 'end':
      return [
        {
          ...valueWay({ ended: node.how, at: path, done }),
          kind: 'end',
          end: { status: STATUS_OF[node.how], message: `${node.how} at ${path}` },
        },
      ]
    case 'child':
      return waysOfChild(node, endsOf(node.body, isolated(node, place)), place)
    case 'cancel':
      return waysOfCancel(node, endsOf(node.body, place), place)
    case 'gather':
      return waysOfGather(
        node,
        node.bodies.map((body, n) => endsOf(body, { ...place, path: `${path}.${n}` })),
        place,
      )
    case 'all':
      return node.mode === 'fast'
        ? waysOfFast(node.bodies, place)
        : waysOfSettled(node.bodies, place)
    case 'race':
      return waysOfRace(node.bodies, place)
    case 'try':
      return waysOfBody(node.body, place).map((way) =>
        way.kind === 'end'
          ? way
          : {
              ...way,
              kind: 'value',
              value: way.kind === 'throw' ? { caught: way.value } : { tried: way.value },
            },
      )
    case 'repeat':
      return waysOfRepeat(node, place)
    case 'back':
      return waysOfBack(node, place)
    case 'lock':
      return waysOfLock(node, place)
  }
}

/** Nobody waits for a detached child, so no ring goes through it that it did not make itself. */
const isolated = (node: Extract<Node, { kind: 'child' }>, place: Place): Place =>
  node.mode === 'detached' ? { ...place, inRing: false } : place

const STATUS_OF = {
  success: 'ENDED_SUCCESS',
  error: 'ENDED_ERROR',
  cancel: 'ENDED_CANCELLED',
} as const

function waysOfEffect(path: string, { hasEffects, effectsMayFail }: Rules): Way[] {
  if (!hasEffects) return [valueWay('no effect')]
  const mark = new Set([`effect${path}`])
  const done = valueWay('effect', { sure: mark })
  return effectsMayFail ? [done, valueWay('effect unknown', { maybe: mark })] : [done]
}

/** Whoever answers says what was asked. */
function waysOfMessage({ timeoutMs }: Extract<Node, { kind: 'message' }>, path: string): Way[] {
  const answered = valueWay(['answered', `ask ${path}`])
  return timeoutMs === null ? [answered] : [answered, valueWay('no answer', { ms: timeoutMs })]
}

function waysOfRepeat(node: Extract<Node, { kind: 'repeat' }>, place: Place): Way[] {
  let open: Way[] = [valueWay([])]
  const over: Way[] = []
  for (let n = 0; n < node.times; n += 1) {
    const next: Way[] = []
    for (const before of open) {
      const rounds = before.value as Json[]
      const at = { ...place, path: `${place.path}.${n}`, done: [...place.done, rounds] }
      for (const way of waysOfBody(node.body, at)) {
        const both = after(before, way)
        if (way.kind === 'value') next.push({ ...both, value: [...rounds, way.value] })
        else over.push(both)
      }
    }
    open = distinct(next)
  }
  return [...open, ...over]
}

/** Each time the body is done once more; what the last time comes to is what counts. */
function waysOfBack(node: Extract<Node, { kind: 'back' }>, place: Place): Way[] {
  let open: Way[] = [valueWay(null)]
  const over: Way[] = []
  for (let n = 0; n <= node.times; n += 1) {
    const next: Way[] = []
    for (const before of open) {
      for (const way of waysOfBody(node.body, place)) {
        const both = after(before, way)
        const value = n === node.times ? { back: node.times, made: way.value } : null
        if (way.kind === 'value') next.push({ ...both, value })
        else over.push(both)
      }
    }
    open = distinct(next)
  }
  return distinct([...open, ...over])
}

function waysOfLock(node: LockNode, place: Place): Way[] {
  const ways: Way[] = waysOfBody(node.body, { ...place, inRing: place.inRing || node.ring }).map(
    (way) => (way.kind === 'value' ? { ...way, value: { locked: way.value } } : way),
  )
  if (node.ring) ways.push(valueWay({ missed: 'DeadlockError' }))
  if (node.timeoutMs !== null)
    ways.push(valueWay({ missed: 'LockTimeoutError' }, { ms: node.timeoutMs }))
  return ways
}

const branchesOf = (bodies: readonly Body[], place: Place): Way[][] =>
  bodies.map((body, n) => waysOfBody(body, { ...place, path: `${place.path}.${n}` }))

/** All branches come to their ends, unless one of them ends the execution. */
function waysOfSettled(bodies: readonly Body[], place: Place): Way[] {
  const ways: Way[] = []
  for (const combination of combinations(branchesOf(bodies, place))) {
    const ending = combination.filter((way) => way.kind === 'end')
    for (const way of ending)
      ways.push({ ...way, maybe: union(way.maybe, allMarks(bodies, place)) })
    if (ending.length > 0) continue
    const ends = combination.map((way): Json =>
      way.kind === 'value' ? { value: way.value } : { failed: way.value },
    )
    const both = joined(combination)
    if (combination.every((way) => way.kind === 'value')) ways.push(valueWay(ends, both))
    else ways.push(throwWay({ at: place.path, name: 'Joined', ends, done: place.done }, both))
  }
  return distinct(ways)
}

function joined(ways: readonly Way[]): Pick<Way, 'sure' | 'maybe' | 'ms'> {
  return {
    sure: union(...ways.map((way) => way.sure)),
    maybe: union(...ways.map((way) => way.maybe)),
    ms: Math.max(0, ...ways.map((way) => way.ms)),
  }
}

/** Any of those that fail may be the first; what the others leave behind is open then. */
function waysOfFast(bodies: readonly Body[], place: Place): Way[] {
  const ways: Way[] = []
  for (const combination of combinations(branchesOf(bodies, place))) {
    if (combination.every((way) => way.kind === 'value')) {
      ways.push(valueWay({ all: combination.map((way) => way.value) }, joined(combination)))
      continue
    }
    for (const [branch, way] of combination.entries()) {
      if (way.kind === 'value') continue
      const facts = { branch, failed: way.value }
      ways.push(
        throwWay(
          { at: place.path, name: 'Fast', ...facts, done: place.done },
          lonely(way, bodies, place),
        ),
      )
    }
  }
  return distinct(ways)
}

function waysOfRace(bodies: readonly Body[], place: Place): Way[] {
  const ways = branchesOf(bodies, place).flatMap((branch, winner) =>
    branch.map((way): Way => {
      const marks = lonely(way, bodies, place)
      if (way.kind === 'value') return valueWay({ winner, value: way.value }, marks)
      const facts = { winner, failed: way.value }
      return throwWay({ at: place.path, name: 'Raced', ...facts, done: place.done }, marks)
    }),
  )
  return distinct(ways)
}

/** One branch counts; the others go on or not. */
const lonely = (
  way: Way,
  bodies: readonly Body[],
  place: Place,
): Pick<Way, 'sure' | 'maybe' | 'ms'> => ({
  sure: way.sure,
  maybe: union(way.maybe, allMarks(bodies, place)),
  ms: way.ms,
})

const allMarks = (bodies: readonly Body[], { path, rules }: Place): ReadonlySet<string> =>
  union(NONE, ...bodies.map((body, n) => marksOf(body, `${path}.${n}`, rules.hasEffects)))
