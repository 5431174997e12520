import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** The terminal of somebody who follows a page: what one block sets is there in the next. */
export interface Shell extends AsyncDisposable {
  /** Runs a block as lines `line` and on of a script of that name, up to the first command that fails. */
  run(block: { readonly name: string; readonly line: number; readonly text: string }): Promise<Ran>
  /** Writes a file into the folder where it stands. */
  write(name: string, text: string): Promise<void>
}

export interface Ran {
  /** Both streams, as a terminal shows them. */
  readonly printed: string
  /** The line of the command that failed, and with that the shell ended; null: none did. */
  readonly failedAt: number | null
}

/** No command of the guide takes more than a few seconds; one that waits for ever is ended. */
const BLOCK_MAX_MS = 30_000

/** Says on 3 which line fails; whatever fails ends the shell. */
const PRELUDE = `set -eEuo pipefail
trap 'echo "$LINENO" >&3' ERR
`

/** A bash in `cwd`. Its own files are kept in `scratch`. */
export function startShell(options: {
  readonly cwd: string
  readonly scratch: string
  readonly env: Readonly<Record<string, string>>
}): Shell {
  const { cwd, scratch, env } = options
  const child = spawn('bash', ['--noprofile', '--norc'], {
    cwd,
    env,
    // A group of its own, so that whatever a page leaves running is ended with it.
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
  })
  const { stdin } = child
  if (stdin === null) throw new Error('bash has no standard input')
  stdin.on('error', () => undefined) // it has ended
  stdin.write(PRELUDE)
  const said = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]()
  const ended = once(child, 'exit')
  const endAll = (): void => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // Nothing of it runs any more.
    }
  }

  const shell: Shell = {
    run: async ({ name, line, text }) => {
      const [script, output] = [join(scratch, name), join(scratch, 'printed')]
      // So that the shell counts lines as the page does.
      await writeFile(script, `${'\n'.repeat(line - 1)}${text}`)
      stdin.write(`. '${script}' </dev/null >'${output}' 2>&1\necho done >&3\n`)
      const late = AbortSignal.timeout(BLOCK_MAX_MS)
      late.addEventListener('abort', endAll, { once: true })
      // A shell that ends without a word, as at a variable that nobody has set, ends at the first line.
      let failedAt = line
      let next = await said.next()
      for (; next.done !== true && next.value !== 'done'; next = await said.next())
        failedAt = Number(next.value)
      late.removeEventListener('abort', endAll)
      const printed = await readFile(output, 'utf8')
      return { printed, failedAt: next.done === true ? failedAt : null }
    },
    write: async (name, text) => {
      const source = join(scratch, 'source')
      await writeFile(source, text)
      const ran = await shell.run({ name: 'write', line: 1, text: `cp '${source}' '${name}'\n` })
      if (ran.failedAt !== null) throw new Error(`${name} cannot be written: ${ran.printed}`)
    },
    [Symbol.asyncDispose]: async () => {
      stdin.end()
      endAll()
      await ended
    },
  }
  return shell
}
