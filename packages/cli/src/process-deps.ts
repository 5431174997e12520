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
  const output = openOutput()
  // Whoever read what goes wrong may be gone, and what is done does not change for that.
  process.stderr.on('error', () => undefined)
  return {
    io: {
      out: (text) => output.write(`${text}\n`),
      outAsIs: output.write,
      onlyPrints: output.endWithReader,
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
 * `millrace … | head` closes the pipe early; that is no error. What is left to print is not written
 * then, and everything else goes on.
 */
function openOutput(): { write(text: string): void; endWithReader(): void } {
  const { stdout } = process
  const isFile = fstatSync(stdout.fd).isFile()
  let isReaderGone = false
  let endsWithReader = false
  stdout.on('error', failed)
  return {
    write(text) {
      if (!isReaderGone) put(text)
    },
    endWithReader() {
      endsWithReader = true
    },
  }

  /**
   * A disk that is almost full takes a part of a write without an error, and Node's stream for files
   * loses the rest: a file is written past it, until all is there or an error says why not.
   */
  function put(text: string): void {
    if (!isFile) return void stdout.write(text)
    try {
      writeFileSync(stdout.fd, text)
    } catch (error) {
      failed(error as NodeJS.ErrnoException)
    }
  }

  function failed({ code, message }: NodeJS.ErrnoException): void {
    if (code === 'EPIPE') {
      if (endsWithReader) process.exit(EXIT.success)
      isReaderGone = true
      return
    }
    process.stderr.write(
      `error: standard output cannot be written (${code ?? message}); what it got is not whole\n`,
    )
    process.exit(EXIT.outputLost)
  }
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
