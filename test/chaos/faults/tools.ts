import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

/** A row that this machine cannot run: reported as not run, with what is missing. Never as passed. */
export class ToolMissing extends Error {
  override readonly name = 'ToolMissing'
}

/** Why this machine cannot do it, or false. */
export function isMissing(required: () => unknown): string | false {
  try {
    required()
    return false
  } catch (error) {
    if (error instanceof ToolMissing) return error.message
    throw error
  }
}

/** Throws ToolMissing unless the command is there. */
export function requireCommand(command: string, debianPackage: string): void {
  if (spawnSync(command, ['-V'], { stdio: 'ignore' }).error !== undefined)
    throw new ToolMissing(
      `${command} is not on the PATH. Debian: apt-get install ${debianPackage}.`,
    )
}

let canTrace = false

/** strace, and the right to trace other processes. */
export function requireStrace(): void {
  if (canTrace) return
  requireCommand('strace', 'strace')
  const tried = spawnSync('strace', ['-o', '/dev/null', '-e', 'inject=write:retval=1', 'true'])
  if (tried.status !== 0)
    throw new ToolMissing(`strace cannot trace here: ${String(tried.stderr).trim()}`)
  canTrace = true
}

/** The library of libfaketime that is preloaded. */
export function requireFaketime(): string {
  const [found] = globSync('/usr/lib/*/faketime/libfaketime.so.1')
  if (found === undefined)
    throw new ToolMissing('libfaketime is not installed. Debian: apt-get install libfaketime.')
  return found
}
