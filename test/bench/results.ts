import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { type Figure, holds } from './scenario.ts'

/** What was measured last of each scenario: kept in the repository, so that the page can be made anew. */
export interface Result {
  readonly commit: string
  readonly command: string
  readonly machine: string
  readonly figures: readonly Figure[]
}

export type Results = Readonly<Record<string, Result>>

const FILE = new URL('results/own.json', import.meta.url)

export function readResults(): Results {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Results
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

export function keepResult(id: string, command: string, figures: readonly Figure[]): void {
  const result: Result = { commit: commitNow(), command, machine: machineNow(), figures }
  const all = Object.entries({ ...readResults(), [id]: result }).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  )
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`)
}

export function print(figures: readonly Figure[]): void {
  for (const one of figures)
    console.log(
      one.what.padEnd(46),
      String(one.value).padStart(10),
      one.unit,
      holds(one) ? '' : '✗ MISSED',
    )
}

/** Short hash; `+` when the tree has more than it. */
export function commitNow(): string {
  const git = (...args: string[]): string =>
    spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).stdout.trim()
  const changed = git(
    'status',
    '--porcelain',
    '--untracked-files=no',
    '--',
    '../../packages',
    '../../services',
    '../../deploy',
  )
  return `${git('rev-parse', '--short=7', 'HEAD')}${changed === '' ? '' : '+'}`
}

export function machineNow(): string {
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores (${process.arch}), ${gib} GiB, Linux ${release().split('-')[0]}, Node ${process.versions.node}`
}
