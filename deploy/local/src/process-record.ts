import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { monotonicMs, sleep } from '@millrace/runtime'
import type { Home } from './home.ts'
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts'
import { writeWhole } from './write-whole.ts'

/** Notes a process that this supervisor started: only such are ever ended. */
export function recordProcess(home: Home, name: string, pid: number): void {
  const identity = identityOf(pid)
  if (identity === null) return // gone already; its exit is on the way
  writeWhole(home.identity(name), JSON.stringify(identity))
  writeWhole(home.pid(name), `${pid}\n`)
}

export function forgetProcess(home: Home, name: string): void {
  for (const path of [home.pid(name), home.identity(name)]) {
    try {
      rmSync(path, { force: true })
    } catch {
      // A record that stays is of a process that is gone, and no other is taken for it.
    }
  }
}

/** The recorded process when it still runs; null when it is gone, or its number is another's now. */
export function recordedProcess(home: Home, name: string): ProcessIdentity | null {
  const path = home.identity(name)
  if (!existsSync(path)) return null
  try {
    const identity = JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity
    return isRunning(identity) ? identity : null
  } catch {
    return null
  }
}

/** Names of everything that was recorded here, running or not. */
export const recordedNames = (home: Home): readonly string[] =>
  globSync('*.json', { cwd: home.run }).map((path) => basename(path, '.json'))

/** Asks with `signal`, then insists with SIGKILL after `withinMs`. Returns when it is gone. */
export async function endProcess(
  process_: ProcessIdentity,
  { signal, withinMs }: { signal: NodeJS.Signals; withinMs: number },
): Promise<void> {
  send(process_, signal)
  const deadline = monotonicMs() + withinMs
  while (isRunning(process_)) {
    if (monotonicMs() > deadline) send(process_, 'SIGKILL')
    await sleep(20)
  }
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch {
    // It went between the two lines.
  }
}

/** Files of former versions and of interrupted writes. */
export function sweepRunFolder(home: Home): void {
  for (const path of globSync(['*.pid', '*.json', '*.url', '*.new'], { cwd: home.run }))
    rmSync(join(home.run, path), { force: true })
}
