import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** A process that is this one and no later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it began, as the machine tells it; two processes of one number differ in it. */
  readonly born: string
}

/** null when there is no such process (a zombie counts as gone). */
export function identityOf(pid: number): ProcessIdentity | null {
  const born = existsSync('/proc/self/stat') ? bornByProc(pid) : bornByPs(pid)
  return born === null ? null : { pid, born }
}

export function isRunning({ pid, born }: ProcessIdentity): boolean {
  return identityOf(pid)?.born === born
}

function bornByProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the name in parentheses and may hold anything; counting starts behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const state = fields[0]
    const startTicks = fields[19]
    if (state === 'Z' || startTicks === undefined) return null
    // Ticks count from the boot, so the boot belongs to it.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${startTicks}`
  } catch {
    return null
  }
}

function bornByPs(pid: number): string | null {
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
    )
  } catch {
    return null
  }
}
