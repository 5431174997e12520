import type { EndStatus, Json } from './expectation.ts'
import { TooManyOutcomes } from './expectation.ts'

/** What is left behind besides the output: `effect/1/2`, `log/1/3`. */
export type Marks = ReadonlySet<string>

/** One way in which a node, a body or a branch may come to its end within its execution. */
export interface Way {
  /** throw: `value` holds the facts. end: the execution is over, and how is in `end`. */
  readonly kind: 'value' | 'throw' | 'end'
  readonly value: Json
  readonly end: { readonly status: EndStatus; readonly message: string } | null
  readonly sure: Marks
  readonly maybe: Marks
  readonly ms: number
}

/** One way in which an execution may end. */
export interface Ended {
  readonly status: EndStatus
  readonly output: Json
  readonly message: string | null
  readonly sure: Marks
  readonly maybe: Marks
  readonly ms: number
}

const WAYS_MAX = 400

export const NONE: Marks = new Set()

export const valueWay = (value: Json, more: Partial<Way> = {}): Way => ({
  kind: 'value',
  value,
  end: null,
  sure: NONE,
  maybe: NONE,
  ms: 0,
  ...more,
})

export const throwWay = (facts: Json, more: Partial<Way> = {}): Way => ({
  ...valueWay(facts, more),
  kind: 'throw',
})

export function union(...sets: readonly Marks[]): Marks {
  const filled = sets.filter((set) => set.size > 0)
  if (filled.length <= 1) return filled[0] ?? NONE
  const all = new Set<string>()
  for (const set of filled) for (const mark of set) all.add(mark)
  return all
}

export function intersection(sets: readonly Marks[]): Marks {
  const [first = NONE, ...others] = sets
  return new Set([...first].filter((mark) => others.every((set) => set.has(mark))))
}

/** Every way to take one of each. */
export function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  let all: T[][] = [[]]
  for (const list of lists) {
    all = all.flatMap((before) => list.map((one) => [...before, one]))
    guard(all.length)
  }
  return all
}

/** Without doubles: of ways that look the same, the earliest one counts. */
export function distinct(ways: readonly Way[]): Way[] {
  const seen = new Map<string, Way>()
  for (const way of ways) {
    const key = JSON.stringify([
      way.kind,
      way.value,
      way.end,
      [...way.sure].toSorted(),
      [...way.maybe].toSorted(),
    ])
    const same = seen.get(key)
    if (same === undefined || way.ms < same.ms) seen.set(key, way)
  }
  guard(seen.size)
  return [...seen.values()]
}

function guard(count: number): void {
  if (count > WAYS_MAX) throw new TooManyOutcomes(`more than ${WAYS_MAX} ways to end`)
}
