import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface CommandResult {
  readonly exitCode: number | null
  readonly out: string
  readonly err: string
}

const CLI = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'src', 'main.ts')

/** Runs `millrace …` as a process of its own, as somebody who has just started the stack in `home`. */
export async function runCommand(
  home: string,
  argv: readonly string[],
  stdin = '',
): Promise<CommandResult> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-cli-'))
  try {
    const child = spawn(process.execPath, [CLI, ...argv], {
      cwd: dir,
      env: { PATH: process.env['PATH'], MILLRACE_HOME: home, XDG_CONFIG_HOME: join(dir, 'config') },
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    const [out, err, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    return { exitCode, out, err }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
