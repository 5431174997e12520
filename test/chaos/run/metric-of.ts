import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * A counter of one process, added up over its labels; NaN when the process does not tell. Its ops port
 * is a free one, so all ports that it listens on are asked.
 */
export async function metricOf(pid: number, name: string): Promise<number> {
  for (const port of listeningPorts(pid)) {
    const text = await fetch(`http://127.0.0.1:${port}/metrics`, {
      signal: AbortSignal.timeout(2_000),
    })
      .then((answer) => (answer.ok ? answer.text() : ''))
      .catch(() => '')
    if (text.includes(`# TYPE ${name} `)) return sumOf(text, name)
  }
  return Number.NaN
}

function sumOf(text: string, name: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** TCP ports of 127.0.0.1 that a process listens on. */
function listeningPorts(pid: number): number[] {
  const inodes = new Set(openSockets(pid))
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/)
      const [local, state, inode] = [fields[1], fields[3], fields[9]]
      return state === LISTEN && inodes.has(inode ?? '')
        ? [Number.parseInt(local?.split(':')[1] ?? '0', 16)]
        : []
    })
}

const LISTEN = '0A'

function openSockets(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return [] // closed meanwhile
      }
    })
  } catch {
    return [] // gone
  }
}
