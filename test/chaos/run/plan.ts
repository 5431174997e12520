import type { KeptRun } from './results.ts'
import { isClean } from './results.ts'
import { createRng, seedOf } from '../rng.ts'

export interface PlannedRun {
  readonly row: string
  readonly seed: number
}

/** Rows of which more is asked: they are what happens to everybody sooner or later. */
const MANY: ReadonlySet<string> = new Set(['M1', 'M5'])

/** What is left to do for every row to have its clean runs of this product, each with its own seed. */
export function fullPlan(
  rows: readonly string[],
  options: { done: readonly KeptRun[]; runs?: number; manyRuns?: number; base: number },
): PlannedRun[] {
  const { done, runs = 5, manyRuns = 30, base } = options
  const planned = rows.map((row) => {
    const own = done.filter((run) => run.row === row)
    const used = new Set(own.map(({ seed }) => seed))
    const wanted = (MANY.has(row) ? manyRuns : runs) - own.filter(isClean).length
    return seedsOf(base, row)
      .filter((seed) => !used.has(seed))
      .take(Math.max(0, wanted))
      .map((seed) => ({ row, seed }))
      .toArray()
  })
  return inTurn(planned)
}

/** Each row with the fixed seed and with one of chance, again and again; whoever runs it stops in time. */
export function* shortPlan(rows: readonly string[], base: number): Generator<PlannedRun> {
  const chance = createRng(base)
  for (const seed of FIXED_SEEDS)
    for (const row of rows) {
      yield { row, seed }
      if (seed === FIXED_SEEDS[0]) yield { row, seed: chance.int(2 ** 31) }
    }
}

const FIXED_SEEDS = [1, 2, 3, 4, 5] as const

function* seedsOf(base: number, row: string): Generator<number> {
  for (let n = 1; ; n += 1) yield seedOf(base, `${row}#${n}`) % 1_000_000
}

/** One of each, then the next of each. */
function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, n) => n).flatMap((n) =>
    lists.flatMap((list) => list[n] ?? []),
  )
}
