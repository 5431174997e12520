import { existsSync, globSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The process id of the server that has the folder open, or null. */
export function runningPostmaster(folder: string): number | null {
  const pid = recordedPid(folder)
  return pid !== null && isAlive(pid) && isServerOf(pid, folder) ? pid : null
}

/**
 * Removes the postmaster.pid of a killed server when its number belongs to a stranger by now, with
 * which Postgres would refuse to start for good. In every other case the file stays: through it
 * Postgres finds sessions of the killed server that still write, and waits for them.
 */
export function forgetStalePostmaster(folder: string): void {
  const pid = recordedPid(folder)
  if (pid === null || !isAlive(pid) || isServerOf(pid, folder)) return
  if (!hasProcessIn(folder)) rmSync(join(folder, 'postmaster.pid'), { force: true })
}

function recordedPid(folder: string): number | null {
  const path = join(folder, 'postmaster.pid')
  if (!existsSync(path)) return null
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
  return Number.isInteger(pid) && pid > 0 ? pid : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Where the machine does not say what a process is, a live one is taken for the server. */
function isServerOf(pid: number, folder: string): boolean {
  if (!existsSync('/proc/self/cmdline')) return true
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(folder)
  } catch {
    return false
  }
}

/** Every process of Postgres works in its data folder. */
function hasProcessIn(folder: string): boolean {
  return globSync('/proc/[0-9]*/cwd').some((path) => {
    try {
      return readlinkSync(path) === folder
    } catch {
      return false // gone meanwhile, or another user's
    }
  })
}
