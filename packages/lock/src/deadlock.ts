import { findKnots, type Knot } from './knots.ts'
import { Multimap } from './multimap.ts'
import { findStuck } from './stuck.ts'

/**
 * One open wait in terms of who can end it. It is answered when enough of `on` have moved: one
 * (`any`), every one (`all`), or `needed` (`n`, capped by their number). With nobody in `on` it is
 * answered by something outside, and never part of a deadlock.
 *
 * A request for a lock waits for the lock, and so for `any` of its holders, and not for those before it
 * in the queue: once a holder lets go, the head of the queue is granted and can move, then the next. So
 * those before it never make it stuck; naming them would only drag bystanders into the cycle.
 * A wait for executions names those that have not ended; `dependencyNeed` counts them.
 */
export type Awaited = {
  readonly on: readonly string[]
  /** Whether it may be answered with an error; the victim of a deadlock is. */
  readonly canFail: boolean
} & ({ readonly kind: 'any' | 'all' } | { readonly kind: 'n'; readonly needed: number })

/** An execution that stands still. It goes on as soon as any one of its waits is answered. */
export interface Blocked<W extends Awaited = Awaited> {
  readonly executionId: string
  readonly waits: readonly W[]
}

/**
 * A lock that others wait for: as long as none of its holders moves, nobody gets it. Waits name it by its
 * id, which is no execution's, so that its many holders are told once and not with each of them.
 */
export interface BlockedLock {
  readonly id: string
  readonly holders: readonly string[]
}

/** One step of a cycle: `executionId` waits, by `wait`, for `next`: an execution, also through a lock. */
export interface Link<W extends Awaited = Awaited> {
  readonly executionId: string
  readonly wait: W
  readonly next: string
}

/** A cycle of waits that nothing outside can end. It begins with the victim, when there is one. */
export interface Deadlock<W extends Awaited = Awaited> {
  readonly cycle: readonly Link<W>[]
  /** Whose wait to answer with an error. Null: no member has a wait that may fail. */
  readonly victim: Victim<W> | null
}

export interface Victim<W extends Awaited = Awaited> {
  readonly executionId: string
  readonly wait: W
}

/**
 * The deadlocks among executions that stand still, and the locks between them; what is not listed is
 * taken to move, now or when a person or the time comes. Answering each victim's wait lets every one of them move.
 * The victim is the youngest (its UUIDv7 sorts last) of those who free their whole knot alone, or
 * just the youngest where nobody does.
 */
export function findDeadlocks<W extends Awaited>(
  blocked: readonly Blocked<W>[],
  locks: readonly BlockedLock[] = [],
): readonly Deadlock<W>[] {
  const deadlocks: Deadlock<W>[] = []
  const executions = new Map(blocked.map((one) => [one.executionId, one]))
  let stuck = findStuck<Awaited>([...blocked, ...locks.map(toNode)])
  while (stuck.size > 0) {
    const freed = new Set<string>()
    // Nobody in one of them waits for another: they are broken at once, and then it is seen who can move.
    for (const knot of findKnots(stuck)) {
      const deadlock = breakKnot(knot, executions)
      deadlocks.push(deadlock)
      // Without a victim it stays for a person; what hangs on it alone is no deadlock of its own.
      for (const { executionId } of deadlock.victim === null ? knot : [deadlock.victim])
        freed.add(executionId)
    }
    stuck = findStuck(stuck.values(), freed)
  }
  return deadlocks
}

function breakKnot<W extends Awaited>(
  knot: Knot<Awaited>,
  executions: ReadonlyMap<string, Blocked<W>>,
): Deadlock<W> {
  const youngestFirst = knot
    .flatMap(({ executionId }) => executions.get(executionId) ?? [])
    .toSorted((a, b) => (a.executionId < b.executionId ? 1 : -1))
  const victim = chooseVictim(youngestFirst, knot)
  const start = victim ?? { executionId: youngestFirst[0]?.executionId ?? '', wait: null }
  return { cycle: withoutLocks(findCycle(knot, start), executions), victim }
}

const toNode = ({ id, holders }: BlockedLock): Blocked => ({
  executionId: id,
  waits: [{ kind: 'any', on: holders, canFail: false }],
})

function chooseVictim<W extends Awaited>(
  youngestFirst: readonly Blocked<W>[],
  knot: readonly Blocked[],
): Victim<W> | null {
  const candidates = youngestFirst.flatMap(({ executionId, waits }) => {
    const wait = waits.find(({ canFail }) => canFail)
    return wait === undefined ? [] : [{ executionId, wait }]
  })
  const freesAll = candidates.find(
    ({ executionId }) => findStuck(knot, new Set([executionId])).size === 0,
  )
  return freesAll ?? candidates[0] ?? null
}

/** The steps of the executions, each to whom the next one is. */
function withoutLocks<W extends Awaited>(
  cycle: readonly Link[],
  executions: ReadonlyMap<string, Blocked<W>>,
): readonly Link<W>[] {
  const isLock = ({ executionId }: Link): boolean => !executions.has(executionId)
  const holderOf = new Map(cycle.filter(isLock).map((link) => [link.executionId, link.next]))
  return cycle.flatMap(({ executionId, wait, next }) => {
    const own = executions.get(executionId)?.waits.find((one) => one === wait)
    return own === undefined ? [] : [{ executionId, wait: own, next: holderOf.get(next) ?? next }]
  })
}

interface Start {
  readonly executionId: string
  /** The wait by which the cycle leaves; null: any. */
  readonly wait: Awaited | null
}

/** A shortest cycle within a knot, in which everybody reaches everybody. */
function findCycle(knot: readonly Blocked[], start: Start): readonly Link[] {
  const members = new Set(knot.map(({ executionId }) => executionId))
  const links = new Multimap<string, Link>()
  for (const { executionId, waits } of knot) {
    for (const wait of waits) {
      for (const next of wait.on) {
        if (members.has(next)) links.add(executionId, { executionId, wait, next })
      }
    }
  }
  const isFirst = ({ wait }: Link) => start.wait === null || wait === start.wait
  const arrivals = new Map<string, Link>()
  const found = links.get(start.executionId).filter(isFirst)
  for (const link of found) {
    if (arrivals.has(link.next)) continue
    arrivals.set(link.next, link)
    if (link.next !== start.executionId) found.push(...links.get(link.next))
  }
  return wayBack(arrivals, start.executionId)
}

function wayBack(arrivals: ReadonlyMap<string, Link>, start: string): readonly Link[] {
  const cycle: Link[] = []
  let link = arrivals.get(start)
  while (link !== undefined) {
    cycle.unshift(link)
    link = link.executionId === start ? undefined : arrivals.get(link.executionId)
  }
  return cycle
}
