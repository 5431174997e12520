import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What a running stack takes of its machine: every process below its supervisor, the sandbox's and
 * each of Postgres's among them. Linux only; the reader must be allowed to look at all of them (the
 * same user, or root).
 *
 * Memory is the proportional set size: a page that n processes map counts 1/n in each, so the sum is
 * what the stack keeps from others. A program that other processes of the machine run as well, a
 * second stack say, is shared with those too and makes the sum look smaller.
 */
export interface Footprint {
  /** Largest first; all processes of Postgres are one, and all sandbox processes. */
  readonly processes: readonly ProcessFootprint[]
  readonly totalPssMib: number
  /** Of one core. */
  readonly totalCpuPercent: number
}

export interface ProcessFootprint {
  readonly name: string
  /** How many processes go by this name. */
  readonly count: number
  readonly pssMib: number
  readonly cpuPercent: number
}

/** Watches the stack on MILLRACE_HOME `home` for `overMs`, default a minute; memory is that at the end. */
export async function measureFootprint(home: string, overMs = 60_000): Promise<Footprint> {
  const startedAt = performance.now()
  const before = new Map(stackProcesses(home).map(({ pid }) => [pid, cpuMs(pid)]))
  await sleep(overMs)
  const elapsedMs = performance.now() - startedAt
  const byName = new Map<string, { count: number; pssKib: number; cpuMs: number }>()
  for (const { pid, name } of stackProcesses(home)) {
    const sum = byName.get(name) ?? { count: 0, pssKib: 0, cpuMs: 0 }
    sum.count += 1
    sum.pssKib += pssKib(pid)
    sum.cpuMs += cpuMs(pid) - (before.get(pid) ?? 0)
    byName.set(name, sum)
  }
  const processes = [...byName]
    .map(([name, sum]) => ({
      name,
      count: sum.count,
      pssMib: sum.pssKib / 1024,
      cpuPercent: (sum.cpuMs / elapsedMs) * 100,
    }))
    .sort((a, b) => b.pssMib - a.pssMib)
  const total = (of: 'pssMib' | 'cpuPercent'): number =>
    processes.reduce((sum, one) => sum + one[of], 0)
  return { processes, totalPssMib: total('pssMib'), totalCpuPercent: total('cpuPercent') }
}

/** The table that a person reads. */
export function footprintTable({ processes, totalPssMib, totalCpuPercent }: Footprint): string {
  const all = { name: 'all', count: 0, pssMib: totalPssMib, cpuPercent: totalCpuPercent }
  const rows = [...processes, { ...all, count: processes.reduce((n, one) => n + one.count, 0) }]
  const line = (cells: readonly string[]): string =>
    [cells[0]?.padEnd(14), ...cells.slice(1).map((cell) => cell.padStart(10))].join('')
  return [
    line(['process', 'count', 'PSS MiB', 'CPU %']),
    ...rows.map(({ name, count, pssMib, cpuPercent }) =>
      line([name, String(count), pssMib.toFixed(1), cpuPercent.toFixed(2)]),
    ),
  ].join('\n')
}

interface StackProcess {
  readonly pid: number
  readonly name: string
}

/** What the supervisor recorded, and everything below it under the name of its ancestor. */
function stackProcesses(home: string): StackProcess[] {
  const recorded = new Map<number, string>()
  for (const file of globSync('*.pid', { cwd: join(home, 'run') }))
    recorded.set(Number(readFileSync(join(home, 'run', file), 'utf8')), basename(file, '.pid'))
  if (recorded.size === 0) throw new Error(`no stack runs on ${home}`)
  const parents = new Map<number, number>()
  for (const path of globSync('/proc/[0-9]*')) {
    const pid = Number(basename(path))
    const parent = statFields(pid)?.[1]
    if (parent !== undefined) parents.set(pid, Number(parent))
  }
  return [...parents.keys()].flatMap((pid) => {
    const name = nameOf(pid, recorded, parents)
    return name === null ? [] : [{ pid, name }]
  })
}

function nameOf(
  pid: number,
  recorded: ReadonlyMap<number, string>,
  parents: ReadonlyMap<number, number>,
): string | null {
  const own = recorded.get(pid)
  if (own !== undefined) return own
  for (let above = parents.get(pid); above !== undefined; above = parents.get(above)) {
    const name = recorded.get(above)
    // What an engine starts are the sandbox's processes, and the walls around them.
    if (name !== undefined) return name.startsWith('engine') ? 'sandbox' : name
  }
  return null
}

function pssKib(pid: number): number {
  const rollup = read(`/proc/${pid}/smaps_rollup`)
  if (rollup === null) return 0 // it has ended meanwhile
  const [, kib] = /^Pss: +(\d+) kB$/m.exec(rollup) ?? []
  return Number(kib ?? 0)
}

function cpuMs(pid: number): number {
  const fields = statFields(pid)
  return fields === null ? 0 : (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}

/** The fields after the name in parentheses, which may hold anything. */
function statFields(pid: number): string[] | null {
  const stat = read(`/proc/${pid}/stat`)
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** null: there is no such process any more. Anything else that fails is told: a sum with holes would look good. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}

/** USER_HZ, which Linux has fixed at 100 for programs. */
const MS_PER_TICK = 10

if (import.meta.main) {
  const [home, seconds = '60'] = process.argv.slice(2)
  if (home === undefined) throw new Error('usage: node test/bench/footprint.ts HOME [SECONDS]')
  console.log(footprintTable(await measureFootprint(home, Number(seconds) * 1_000)))
}
