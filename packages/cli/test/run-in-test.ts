import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli, type ExitCode } from '../src/index.ts'

/** 2026-01-01T00:01:00Z: a minute after most times in these tests. */
export const NOW = Date.parse('2026-01-01T00:01:00Z')

export interface Ran {
  readonly exitCode: ExitCode
  readonly out: string
  readonly err: string
}

export interface Sandbox extends AsyncDisposable {
  /** Working directory, home and configuration of every command run here. */
  readonly dir: string
  run(
    argv: readonly string[],
    options?: { env?: Record<string, string>; stdin?: string; interrupted?: AbortSignal },
  ): Promise<Ran>
}

/** A folder of its own for commands to run in; `url` becomes MILLRACE_URL. */
export async function createSandbox(url?: string): Promise<Sandbox> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-cli-'))
  const run: Sandbox['run'] = async (argv, options = {}) => {
    const out: string[] = []
    const err: string[] = []
    const exitCode = await runCli(argv, {
      io: {
        out: (text) => out.push(text),
        outAsIs: (text) => out.push(text),
        onlyPrints: () => undefined,
        err: (text) => err.push(text),
        readStdin: async () => options.stdin ?? '',
        async *readLines() {
          yield* (options.stdin ?? '').split('\n')
        },
        askSecret: async () => null,
      },
      env: {
        XDG_CONFIG_HOME: join(dir, 'config'),
        ...(url === undefined ? {} : { MILLRACE_URL: url, MILLRACE_API_KEY: 'k' }),
        ...options.env,
      },
      cwd: dir,
      homeDir: dir,
      now: () => NOW,
      interrupted: options.interrupted ?? new AbortController().signal,
    })
    return { exitCode, out: out.join('\n'), err: err.join('\n') }
  }
  return { dir, run, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}
