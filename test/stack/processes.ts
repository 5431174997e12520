import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The processes of a stack, as its `run/` folder names them: `<service>-<n>.pid`, or `<service>.pid`. */
export function pidsOf(home: string, service: string): number[] {
  return pidFiles(home)
    .filter((file) => file.service === service)
    .map((file) => file.pid)
    .filter(isAlive)
}

/** All of them, whatever they are called. */
export function allPids(home: string): number[] {
  return pidFiles(home)
    .map((file) => file.pid)
    .filter(isAlive)
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Sends a signal; a process that is gone already is fine. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone.
  }
}

function pidFiles(home: string): { service: string; n: number; pid: number }[] {
  const folder = join(home, 'run')
  return listFolder(folder)
    .flatMap((file) => {
      const match = /^(.+?)(?:-(\d+))?\.pid$/.exec(file)
      const pid = match === null ? 0 : readPid(join(folder, file))
      return match?.[1] === undefined || pid === 0
        ? []
        : [{ service: match[1], n: Number(match[2] ?? 1), pid }]
    })
    .toSorted((a, b) => a.n - b.n)
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** 0 for a file that is gone or half written, or whose process is gone and its number another's. */
function readPid(path: string): number {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
    if (!Number.isInteger(pid) || pid <= 1) return 0
    return startedAtMs(pid) > statSync(path).mtimeMs + CLOCKS_DIFFER_MS ? 0 : pid
  } catch {
    return 0
  }
}

/** Start times come in hundredths since a boot time in whole seconds. */
const CLOCKS_DIFFER_MS = 3_000

/** When a process began; 0 where the machine does not say (no /proc) or the process is gone. */
function startedAtMs(pid: number): number {
  try {
    const ticks = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19])
    const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1])
    const startedAt = bootSeconds * 1000 + ticks * 10
    return Number.isFinite(startedAt) ? startedAt : 0
  } catch {
    return 0
  }
}
