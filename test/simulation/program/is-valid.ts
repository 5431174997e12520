import { type Body, bodiesOf, isApart, type LockNode, type Node, type Program } from './program.ts'

/** What may stand at a place of a program. */
export interface Allowed {
  /** Ends of the whole execution. */
  readonly ends: boolean
  /** Children that this execution must start itself: for ever PAUSED when it ends before. */
  readonly parked: boolean
  /** Locks: none, or those whose name is greater than this. */
  readonly locksAfter: string | null
  readonly rings: boolean
  /** Ordinary locks may not be taken inside of a ring's. */
  readonly inRing: boolean
  /** Going back: not where a lock is held or others run beside it, nor inside of another. */
  readonly backs: boolean
}

export const EVERYTHING: Allowed = {
  ends: true,
  parked: true,
  locksAfter: '',
  rings: true,
  inRing: false,
  backs: true,
}

/**
 * Whether the reference can say what comes of it: locks are taken in the order of their names, so
 * that nobody is expected to deadlock; branches that nobody waits for neither end the execution nor
 * hold its locks.
 */
export const isValid = ({ body }: Program): boolean =>
  isValidBody(body, EVERYTHING) && releasesNothing(body)

function isValidBody(body: Body, allowed: Allowed): boolean {
  return body.every((node) => isValidNode(node, allowed))
}

function isValidNode(node: Node, allowed: Allowed): boolean {
  if (node.kind === 'end') return allowed.ends
  if (node.kind === 'child' && node.mode === 'parked' && !allowed.parked) return false
  if (node.kind === 'lock' && !mayLock(node, allowed)) return false
  if (node.kind === 'back' && !allowed.backs) return false
  if (node.kind === 'gather' && !isValidUntil(node)) return false
  if ('bodies' in node) {
    if (node.bodies.length < 2) return false
    let lockers = 0
    for (const body of node.bodies) if (hasLocks(body)) lockers += 1
    if (node.kind === 'all' && node.mode === 'settled' && lockers > 1) return false
    return node.bodies.every((body) => isValidBody(body, allowedInside(node, allowed)))
  }
  return !('body' in node) || isValidBody(node.body, allowedInside(node, allowed))
}

const mayLock = ({ lock, ring }: LockNode, { locksAfter, rings, inRing }: Allowed): boolean =>
  ring ? rings : !inRing && locksAfter !== null && lock > locksAfter

function isValidUntil({ until, bodies }: Extract<Node, { kind: 'gather' }>): boolean {
  if (typeof until === 'string') return true
  return ('ended' in until ? until.ended : until.succeeded) <= bodies.length
}

/** What may stand in the bodies of a node that stands where this is allowed. */
export function allowedInside(node: Node, allowed: Allowed): Allowed {
  if (node.kind === 'lock')
    return node.ring
      ? { ...allowed, inRing: true, backs: false }
      : { ...allowed, locksAfter: node.lock, backs: false }
  if (node.kind === 'back') return { ...allowed, backs: false }
  if (node.kind === 'child' && node.mode === 'detached') return EVERYTHING
  // An execution of its own ends by itself; who waits for it keeps its locks meanwhile.
  if (isApart(node)) return { ...allowed, ends: true, parked: true, rings: true, backs: true }
  if (node.kind === 'race' || (node.kind === 'all' && node.mode === 'fast'))
    return {
      ...allowed,
      ends: false,
      parked: false,
      locksAfter: null,
      rings: false,
      backs: false,
    }
  return node.kind === 'all' ? { ...allowed, parked: false, rings: false, backs: false } : allowed
}

/** Whether no execution gives back by such a node what it may hold at that time. */
function releasesNothing(body: Body): boolean {
  const own = [...withinExecution(body)]
  const taken = new Set(own.flatMap((node) => (node.kind === 'lock' ? [node.lock] : [])))
  return own.every((node) => {
    if (node.kind === 'release') return !taken.has(node.lock)
    return !isApart(node) || bodiesOf(node).every(releasesNothing)
  })
}

function* withinExecution(body: Body): Iterable<Node> {
  for (const node of body) {
    yield node
    if (!isApart(node)) for (const inner of bodiesOf(node)) yield* withinExecution(inner)
  }
}

/** Locks of this execution or of one that it waits for. */
export function hasLocks(body: Body): boolean {
  return body.some((node) => {
    if (node.kind === 'lock') return true
    if (node.kind === 'child' && node.mode === 'detached') return false
    if ('bodies' in node) return node.bodies.some(hasLocks)
    return 'body' in node && hasLocks(node.body)
  })
}
