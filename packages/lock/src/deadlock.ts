import { findKnot } from './knot.ts'
import { Multimap } from './multimap.ts'
import { findStuck } from './stuck.ts'

/**
 * One open wait in terms of who can end it. It is answered when enough of `on` have moved: one
 * (`any`), every one (`all`), or `needed` (`n`, capped by their number). With nobody in `on` it is
 * answered by something outside, and never part of a deadlock.
 *
 * A request for a lock waits for `any` of its holders, and not for those before it in the queue:
 * once a holder lets go, the head of the queue is granted and can move, then the next. So those
 * before it never make it stuck; naming them would only drag bystanders into the cycle.
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

/** One step of a cycle: `executionId` waits, by `wait`, for `next`. */
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
 * The deadlocks among executions that stand still; one that is not listed is taken to move, now
 * or when a person or the time comes. Answering each victim's wait lets every one of them move.
 * The victim is the youngest (its UUIDv7 sorts last) of those who free their whole knot alone, or
 * just the youngest where nobody does.
 */
export function findDeadlocks<W extends Awaited>(
  blocked: readonly Blocked<W>[],
): readonly Deadlock<W>[] {
  const deadlocks: Deadlock<W>[] = []
  const freed = new Set<string>()
  for (;;) {
    const knot = findKnot(findStuck(blocked, freed))
    const youngestFirst = knot.toSorted((a, b) => (a.executionId < b.executionId ? 1 : -1))
    const [youngest] = youngestFirst
    if (youngest === undefined) return deadlocks
    const victim = chooseVictim(youngestFirst)
    const start = victim ?? { executionId: youngest.executionId, wait: null }
    deadlocks.push({ cycle: findCycle(knot, start), victim })
    // Without a victim it stays for a person; what hangs on it alone is no deadlock of its own.
    for (const { executionId } of victim === null ? knot : [victim]) freed.add(executionId)
  }
}

function chooseVictim<W extends Awaited>(youngestFirst: readonly Blocked<W>[]): Victim<W> | null {
  const candidates = youngestFirst.flatMap(({ executionId, waits }) => {
    const wait = waits.find(({ canFail }) => canFail)
    return wait === undefined ? [] : [{ executionId, wait }]
  })
  const freesAll = candidates.find(
    ({ executionId }) => findStuck(youngestFirst, new Set([executionId])).size === 0,
  )
  return freesAll ?? candidates[0] ?? null
}

interface Start<W extends Awaited> {
  readonly executionId: string
  /** The wait by which the cycle leaves; null: any. */
  readonly wait: W | null
}

/** A shortest cycle within a knot, in which everybody reaches everybody. */
function findCycle<W extends Awaited>(
  knot: readonly Blocked<W>[],
  start: Start<W>,
): readonly Link<W>[] {
  const members = new Set(knot.map(({ executionId }) => executionId))
  const links = new Multimap<string, Link<W>>()
  for (const { executionId, waits } of knot) {
    for (const wait of waits) {
      for (const next of wait.on) {
        if (members.has(next)) links.add(executionId, { executionId, wait, next })
      }
    }
  }
  const isFirst = ({ wait }: Link<W>) => start.wait === null || wait === start.wait
  const arrivals = new Map<string, Link<W>>()
  const found = links.get(start.executionId).filter(isFirst)
  for (const link of found) {
    if (arrivals.has(link.next)) continue
    arrivals.set(link.next, link)
    if (link.next !== start.executionId) found.push(...links.get(link.next))
  }
  return wayBack(arrivals, start.executionId)
}

function wayBack<W extends Awaited>(
  arrivals: ReadonlyMap<string, Link<W>>,
  start: string,
): readonly Link<W>[] {
  const cycle: Link<W>[] = []
  let link = arrivals.get(start)
  while (link !== undefined) {
    cycle.unshift(link)
    link = link.executionId === start ? undefined : arrivals.get(link.executionId)
  }
  return cycle
}
