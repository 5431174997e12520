import { load } from '../load/scenarios.ts'
import { batch } from './batch.ts'
import { engineKill } from './engine-kill.ts'
import { idle } from './idle.ts'
import { writePage } from './page.ts'
import { keepResult, print } from './results.ts'
import { holds, type Scenario } from './scenario.ts'
import { timers } from './timers.ts'

/**
 * `node test/bench/main.ts` measures what the project promises, `… load` its load and limits, `… batch
 * timers` only those. Each result is kept in results/own.json and docs/benchmarks.md is written anew
 * from all of them; without anything to measure, `… page`, only that. Exit code 1 when a figure that
 * was asked for is missed.
 */
const own: readonly Scenario[] = [
  batch,
  timers,
  engineKill,
  idle,
  ...load.filter(({ id }) => id === 'sleeping'),
]
const all: readonly Scenario[] = [...new Set([...own, ...load])]

const wanted = process.argv.slice(2)
const chosen =
  wanted.length === 0
    ? own
    : wanted[0] === 'load' && wanted.length === 1
      ? load
      : wanted.flatMap(named)
const missed: string[] = []
for (const { id, title, run } of chosen) {
  console.log(`\n${id}: ${title}`)
  const figures = await run().catch((error: unknown) => {
    console.error(error)
    missed.push(`${id}: ${String(error)}`)
    return null
  })
  if (figures === null) continue
  print(figures)
  missed.push(...figures.filter((one) => !holds(one)).map(({ what }) => `${id}: ${what}`))
  keepResult(id, `make ${own.some((one) => one.id === id) ? 'bench' : 'load'} ONLY=${id}`, figures)
}
writePage(
  own,
  load.filter((one) => !own.includes(one)),
)
if (missed.length > 0) console.log(`\nmissed:\n${missed.join('\n')}`)
process.exitCode = missed.length > 0 ? 1 : 0

function named(id: string): readonly Scenario[] {
  if (id === 'page') return []
  const found = all.filter((one) => one.id === id)
  if (found.length === 0) throw new Error(`${id} is none of ${all.map((one) => one.id).join(', ')}`)
  return found
}
