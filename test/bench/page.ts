import { readFileSync, writeFileSync } from 'node:fs'
import type { Rows } from './load.ts'
import type { Ratio } from './ratios.ts'
import { readResults, type Result } from './results.ts'
import { type Bound, type Figure, holds, type Scenario } from './scenario.ts'
import { WHAT_LIMITS } from './what-limits.ts'

/** What `peers.ts` keeps of its last run. */
export interface PeerResults {
  readonly commit: string
  readonly command: string
  readonly machine: string
  readonly turns: number
  readonly medians: Readonly<Record<string, Rows>>
  readonly ratios: readonly Ratio[]
}

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url)
export const PEERS = new URL('results/peers.json', import.meta.url)

/** Writes docs/benchmarks.md anew from all results that are kept. */
export function writePage(own: readonly Scenario[], load: readonly Scenario[]): void {
  const results = readResults()
  const peers = readPeers()
  const text = [
    HEAD,
    '## What was asked for',
    asked(own, results, peers),
    ...(peers === null ? [] : ['## Against the peers', peersSection(peers)]),
    '## Ours alone',
    ...own.flatMap((scenario) => section(scenario, results[scenario.id])),
    '## Load and limits',
    '`make load` runs all of these, `make load ONLY=<name>` one.',
    ...load.flatMap((scenario) => section(scenario, results[scenario.id])),
  ]
  writeFileSync(PAGE, `${text.join('\n\n')}\n`)
}

const HEAD = `# Benchmarks

Made by \`make bench\`, \`make bench-peers\` and \`make load\` from what they measured last
(test/bench/results); what limits each is written by hand in \`test/bench/what-limits.ts\`. The load
generator runs on the same machine, every result is checked, Postgres runs with fsync and synchronous
commit. The figures hold for that machine only; the ratios are of runs in turn. A \`+\` behind a commit
means that there were changes beside it.`

function asked(
  scenarios: readonly Scenario[],
  results: Readonly<Record<string, Result>>,
  peers: PeerResults | null,
): string {
  const ratios = (peers?.ratios ?? []).map((one) => [
    one.title,
    one.of,
    one.ratio.toFixed(2),
    one.must,
    mark(keeps(one)),
  ])
  const figures = scenarios.flatMap(({ id, title }) =>
    (results[id]?.figures ?? []).flatMap((one) =>
      one.must === undefined
        ? []
        : [[title, one.what, shown(one), bound(one.must, one.unit), mark(holds(one))]],
    ),
  )
  return table(['', 'figure', 'measured', 'asked', ''], [...ratios, ...figures])
}

function peersSection({ commit, command, machine, turns, medians, ratios }: PeerResults): string {
  const systems = Object.keys(medians)
  const rows = ratios.map(({ title, ratio, of }) => [
    title,
    ...systems.map((system) => {
      const row = medians[system]?.[title as keyof Rows]
      return row === undefined ? '' : `${row.perSecond} /s, ${row.p50Ms} ms`
    }),
    `${ratio.toFixed(2)}: ${of}`,
    WHAT_LIMITS[title] ?? '',
  ])
  return [
    `Medians of ${turns} turns, rate and median time; each system in turn on a fresh home.`,
    table(['work', ...systems, 'ratio', 'what limits it'], rows),
    source({ commit, command, machine }),
  ].join('\n\n')
}

function section({ id, title, how }: Scenario, result: Result | undefined): string[] {
  const heading = `### ${title.charAt(0).toUpperCase()}${title.slice(1)}`
  if (result === undefined) return [heading, `${how}\n\nNot measured yet: \`ONLY=${id}\`.`]
  const rows = result.figures
    .filter(({ what }) => !what.includes(': '))
    .map((one) => [
      one.what,
      shown(one),
      one.must === undefined ? '' : bound(one.must, one.unit),
      one.must === undefined ? '' : mark(holds(one)),
    ])
  const limits = WHAT_LIMITS[id]
  return [
    heading,
    how,
    ...(rows.length === 0 ? [] : [table(['figure', 'measured', 'asked', ''], rows)]),
    ...pivot(result.figures),
    ...(limits === undefined ? [] : [`**What limits it.** ${limits}`]),
    source(result),
  ]
}

/** Figures named `row: column` as a table of their own. */
function pivot(figures: readonly Figure[]): string[] {
  const cells = figures.flatMap((one) => {
    const [row, column] = one.what.split(': ')
    return row === undefined || column === undefined ? [] : [{ row, column, one }]
  })
  if (cells.length === 0) return []
  const columns = [...new Set(cells.map(({ column }) => column))]
  const rows = [...Map.groupBy(cells, ({ row }) => row)].map(([row, inRow]) => [
    row,
    ...columns.map((column) => {
      const cell = inRow.find((each) => each.column === column)?.one
      return cell === undefined ? '' : `${shown(cell)}${holds(cell) ? '' : ' **(no)**'}`
    }),
  ])
  return [table(['', ...columns], rows)]
}

const source = ({ commit, command, machine }: Omit<Result, 'figures'>): string =>
  `\`${command}\` at ${commit}, on ${machine}.`

const mark = (isHeld: boolean): string => (isHeld ? 'yes' : '**no**')

const bound = (must: Bound, unit: string): string =>
  'atMost' in must
    ? `at most ${withUnit(must.atMost, unit)}`
    : `at least ${withUnit(must.atLeast, unit)}`

const shown = ({ value, unit }: Figure): string => withUnit(value, unit)

const withUnit = (value: number, unit: string): string =>
  `${value.toLocaleString('en', { maximumSignificantDigits: 4 })} ${unit}`.trim()

/** `must` of a ratio is a sentence: at least, or at most, so much. */
function keeps({ ratio, must }: Ratio): boolean {
  const limit = Number(/[\d.]+$/.exec(must)?.[0])
  return must.startsWith('at least') ? ratio >= limit : ratio <= limit
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) =>
    Math.max(3, ...all.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[], filler = ' '): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, filler)).join(' | ')} |`
  return [line(head), line([], '-'), ...rows.map((row) => line(row))].join('\n')
}

function readPeers(): PeerResults | null {
  try {
    return JSON.parse(readFileSync(PEERS, 'utf8')) as PeerResults
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
