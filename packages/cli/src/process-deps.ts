import { fstatSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Deps } from './deps.ts'
import { EXIT } from './exit-code.ts'

/** The real process: the only file of the CLI that touches it. */
export function processDeps(): Deps {
  const interrupt = new AbortController()
  process.on('SIGINT', () => {
    // The second Ctrl-C means it.
    if (interrupt.signal.aborted) process.exit(EXIT.interrupted)
    interrupt.abort(new Error('interrupted'))
  })
  process.stdout.on('error', endWithoutOutput)
  const isFile = fstatSync(process.stdout.fd).isFile()
  return {
    io: {
      out: (line) => writeOut(`${line}\n`, isFile),
      err: (line) => void process.stderr.write(`${line}\n`),
      readStdin: () => text(process.stdin),
      readLines: (prompt) => readLines(prompt, interrupt),
      askSecret,
    },
    env: process.env,
    cwd: process.cwd(),
    homeDir: homedir(),
    now: () => Date.now(),
    interrupted: interrupt.signal,
  }
}

/**
 * A disk that is almost full takes a part of a write without an error, and Node's stream for files
 * loses the rest: a file is written past it, until all is there or an error says why not.
 */
function writeOut(text: string, isFile: boolean): void {
  if (!isFile) return void process.stdout.write(text)
  try {
    writeFileSync(process.stdout.fd, text)
  } catch (error) {
    endWithoutOutput(error as NodeJS.ErrnoException)
  }
}

function endWithoutOutput({ code, message }: NodeJS.ErrnoException): never {
  // `millrace … | head` closes the pipe early; that is no error.
  if (code === 'EPIPE') process.exit(EXIT.success)
  process.stderr.write(
    `error: standard output cannot be written (${code ?? message}); what it got is not whole\n`,
  )
  process.exit(EXIT.outputLost)
}

async function* readLines(prompt: string, interrupt: AbortController): AsyncGenerator<string> {
  const terminal = process.stdin.isTTY === true
  const reader = createInterface({
    input: process.stdin,
    terminal,
    ...(terminal && { output: process.stderr, prompt }),
  })
  // At a terminal the reader hears Ctrl-C instead of the process.
  reader.on('SIGINT', () => {
    interrupt.abort(new Error('interrupted'))
    reader.close()
  })
  const show = (): void => {
    if (terminal) reader.prompt()
  }
  try {
    show()
    for await (const line of reader) {
      yield line
      show()
    }
  } finally {
    reader.close()
  }
}

async function askSecret(question: string): Promise<string | null> {
  if (process.stdin.isTTY !== true) return null
  process.stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
