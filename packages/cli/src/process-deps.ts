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
  // `millrace … | head` closes the pipe early; that is no error.
  process.stdout.on('error', () => process.exit(EXIT.success))
  return {
    io: {
      out: (line) => void process.stdout.write(`${line}\n`),
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
