import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sleep } from '@millrace/runtime'
import { type Stack, until } from '../../stack/index.ts'
import { isAlive, signal } from '../../stack/processes.ts'
import type { Chaos } from '../row.ts'

/** kill -9 to a copy of a service and, at the same moment, to everything it started: its sandboxes. */
export async function killWithChildren(
  stack: Stack,
  service: string,
  n = 1,
): Promise<readonly number[]> {
  const pid = await runningPid(stack, service, n)
  // The parent first: it must not see its children die and go on.
  const pids = [pid, ...descendantsOf(pid)]
  for (const each of pids) signal(each, 'SIGKILL')
  return pids
}

/**
 * Stops processes for a while, as a machine does that swaps or migrates: they notice nothing, and their
 * leases run out. They go on when the signal aborts, too.
 */
export async function freeze(
  pids: readonly number[],
  ms: number,
  abort?: AbortSignal,
): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGSTOP')
  try {
    await sleep(ms, abort).catch(() => undefined)
  } finally {
    for (const pid of pids) signal(pid, 'SIGCONT')
  }
}

/** SIGTERM to a copy, and until another process has taken its place. */
export async function restartInOrder(stack: Stack, service: string, n = 1): Promise<void> {
  const former = await runningPid(stack, service, n)
  signal(former, 'SIGTERM')
  await replaced(stack, { service, n, former })
}

/** Until a process that was told to end, or has died, is gone and that copy runs again. */
export async function replaced(
  stack: Stack,
  { service, n = 1, former }: { service: string; n?: number; former: number },
  withinMs = 60_000,
): Promise<number> {
  return until(
    async () => {
      if (isAlive(former)) return null
      const pid = readPid(stack.home, service, n)
      return pid !== null && pid !== former ? pid : null
    },
    { what: `${service}-${n} ${former} is replaced`, timeoutMs: withinMs },
  )
}

/** The process of one copy; waits for one that is being started. */
export const runningPid = (stack: Pick<Stack, 'home'>, service: string, n = 1): Promise<number> =>
  until(() => readPid(stack.home, service, n), {
    what: `a running ${service}-${n}`,
    timeoutMs: 60_000,
  })

function readPid(home: string, service: string, n: number): number | null {
  for (const name of [`${service}-${n}`, service]) {
    try {
      const pid = Number.parseInt(readFileSync(join(home, 'run', `${name}.pid`), 'utf8'), 10)
      if (pid > 1 && isAlive(pid)) return pid
    } catch {
      // Of a server, which has no number, or not running.
    }
  }
  return null
}

/** Children, their children, and so on. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const path of globSync('/proc/[0-9]*/stat')) {
    const fields = readStat(path)
    const parent = Number(fields?.[1])
    const own = Number(path.split('/')[2])
    children.set(parent, [...(children.get(parent) ?? []), own])
  }
  const below = (of: number): number[] =>
    (children.get(of) ?? []).flatMap((child) => [child, ...below(child)])
  return below(pid)
}

/** The fields behind the name, which may hold anything. */
function readStat(path: string): string[] | null {
  try {
    const stat = readFileSync(path, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null // gone meanwhile
  }
}

/** What it has in memory; 0 when it is gone. */
export function residentMiB(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return (pages * 4_096) / 2 ** 20
  } catch {
    return 0
  }
}

/** One of so many copies. Nothing to kill when the copy has just died: the next turn finds it again. */
export async function killOne(chaos: Chaos, service: string, copies: number): Promise<void> {
  const n = 1 + chaos.rng.int(copies)
  const pid = chaos.stack.pidsOf(service)[n - 1]
  if (pid === undefined) return
  await chaos.fault(`kill ${service}`, { n }, () => signal(pid, 'SIGKILL'))
}
