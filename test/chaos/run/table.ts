import type { ChaosRow } from '../row.ts'
import type { KeptRun } from './results.ts'
import { isClean } from './results.ts'

/** The table of docs/chaos.md: what has been run, and what came of it. */
export function tableOf(rows: readonly ChaosRow[], runs: readonly KeptRun[]): string {
  const lines = rows.map(({ id, title, takeover }) => {
    const own = runs.filter((run) => run.row === id)
    const clean = own.filter(isClean)
    const violated = own.filter((run) => (run.violations?.length ?? 0) > 0)
    const faults = own.flatMap((run) => Object.values(run.faults ?? {}))
    const sum = (of: (run: KeptRun) => number | undefined): number =>
      own.reduce((total, run) => total + (of(run) ?? 0), 0)
    return [
      id,
      title,
      own.length,
      clean.length,
      own.length - clean.length - violated.length,
      `${faults.reduce((total, { hit }) => total + hit, 0)} of ${faults.reduce((total, { injected }) => total + injected, 0)}`,
      `${sum((run) => run.takeovers)}${takeover ? '' : ' (not asked for)'}`,
      sum((run) => run.started),
      violated.length,
      [...new Set(own.map(({ commit }) => commit))].join(' '),
      seedsOf(own),
    ]
  })
  const table = [HEAD, HEAD.map(() => '---'), ...lines]
  return `${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`
}

const HEAD = [
  ...['row', 'fault', 'runs', 'clean', 'not counted', 'faults hit in flight', 'takeovers'],
  ...['executions', 'violated', 'commit', 'seeds'],
]

function seedsOf(runs: readonly KeptRun[]): string {
  const seeds = runs.map(({ seed }) => seed).toSorted((a, b) => a - b)
  return seeds.length <= 6 ? seeds.join(' ') : `${seeds.slice(0, 5).join(' ')} … ${seeds.at(-1)}`
}
