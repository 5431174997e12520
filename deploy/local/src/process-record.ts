import { existsSync, globSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/** Notes this process unless another is noted under that name: of several at once one gets true. */
export function claimRecord(home: Home, name: string): boolean {
  const draft = `${home.identity(name)}.${process.pid}.new`
  writeFileSync(draft, JSON.stringify(identityOf(process.pid)))
  try {
    linkSync(draft, home.identity(name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
  writeWhole(home.pid(name), `${process.pid}\n`)
  return true
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

/** Removes the files of former versions and of interrupted writes, but not those of `except`. */
export function sweepRunFolder(home: Home, except?: string): void {
  for (const path of globSync(['*.pid', '*.json', '*.url', '*.new'], { cwd: home.run }))
    if (except === undefined || !path.startsWith(`${except}.`))
      rmSync(join(home.run, path), { force: true })
}
