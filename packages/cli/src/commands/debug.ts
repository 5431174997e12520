import { isEnded, TimedOutError } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { DebugSession } from '../debug-session.ts'
import { exitCodeOfEnd } from '../exit-code.ts'
import { explainError } from '../explain-error.ts'
import { parseSeconds } from '../parse-option.ts'
import { renderStack, renderState, renderValues, renderVariables } from '../render/debug.ts'

const HELP = `Commands, here and after the id:
  continue (c)      let it run to the next breakpoint or the end
  over (n)          to the next line of this call
  into (s)          into what the line calls, also into a child
  out (o)           to whoever called this
  to <line>         to this line, wherever it is reached
  break             stop it at its next line
  where (w)         the line that it stands before, and how it came there
  vars (v)          the variables that the line sees
  print <js> (p)    evaluate an expression there
  breakpoints <n…>  stop at these lines from now on; none clears, without a line shows them (b)
  productive        take it out of development mode
  help, quit (q)    quitting leaves it stopped`

/** How long one command waits for the next stop. Seconds. */
const WAIT_SECONDS = 60

export function addDebugCommand(program: Command, context: Context): void {
  program
    .command('debug')
    .description('stop, look around and step in an execution in development mode')
    .argument('<id>')
    .argument('[command...]', 'one command; without it, commands are asked for')
    .option('--timeout <time>', 'wait no longer than this for a stop: 90, 90s, 5m', parseSeconds)
    .addHelpText('after', `\n${HELP}`)
    .action(async (id: string, words: string[], options: { timeout?: number }) => {
      const client = await context.client()
      const timeoutSeconds = options.timeout ?? WAIT_SECONDS
      const session = new DebugSession(client, id, context.deps)
      if (words.length > 0) return runOnce(context, session, { words, timeoutSeconds })
      await runInteractive(context, session, timeoutSeconds)
    })
}

async function runOnce(
  context: Context,
  session: DebugSession,
  { words, timeoutSeconds }: { words: readonly string[]; timeoutSeconds: number },
): Promise<void> {
  const shown = await run(session, words, timeoutSeconds)
  context.print(shown.document, () => shown.text)
  const { state } = session
  if (state !== null && isEnded(state)) context.exitCode = exitCodeOfEnd(state.status)
}

async function runInteractive(
  context: Context,
  session: DebugSession,
  timeoutSeconds: number,
): Promise<void> {
  const { io } = context.deps
  io.out((await run(session, ['where'], timeoutSeconds)).text)
  for await (const line of io.readLines('(debug) ')) {
    const words = line.trim().split(/\s+/)
    if (words[0] === 'quit' || words[0] === 'q') break
    if (words[0] === '') continue
    try {
      const { text } = await run(session, words, timeoutSeconds)
      if (text !== '') io.out(text)
    } catch (error) {
      // What cannot be done now is said; the session goes on.
      for (const one of explainError(error, context).lines) io.err(one)
      if (context.deps.interrupted.aborted) break
    }
    const { state } = session
    if (state !== null && isEnded(state)) {
      context.exitCode = exitCodeOfEnd(state.status)
      return
    }
  }
  io.err(`it stays as it is; come back with \`millrace debug ${session.id}\``)
}

interface Shown {
  readonly document: unknown
  readonly text: string
}

const GO = {
  continue: 'continue',
  c: 'continue',
  over: 'step_over',
  n: 'step_over',
  into: 'step_into',
  s: 'step_into',
  out: 'step_out',
  o: 'step_out',
} as const

async function run(
  session: DebugSession,
  [name = '', ...rest]: readonly string[],
  timeoutSeconds: number,
): Promise<Shown> {
  const { client } = session
  const where = async (): Promise<Shown> => {
    const state = await session.look()
    return { document: state, text: renderState(state, await session.source()) }
  }
  const go = async (request: Parameters<DebugSession['go']>[0]): Promise<Shown> => {
    const isThere = await session.go(request, timeoutSeconds)
    if (!isThere)
      throw new TimedOutError(
        `execution ${session.id} has not stopped after ${timeoutSeconds} s; it goes on`,
      )
    return where()
  }
  if (Object.hasOwn(GO, name)) return go({ action: GO[name as keyof typeof GO] })
  switch (name) {
    case 'to':
      return go({ action: 'run_to', line: lineOf(rest[0] ?? '') })
    case 'break':
      return go({ action: 'break' })
    case 'where':
    case 'w': {
      const shown = await where()
      const stack = session.state?.stop?.stack ?? []
      return { ...shown, text: [shown.text, renderStack(stack)].filter(Boolean).join('\n') }
    }
    case 'vars':
    case 'v': {
      const { variables } = await session.stop()
      return { document: variables, text: renderVariables(variables) }
    }
    case 'print':
    case 'p': {
      const { seq } = await session.stop()
      const { values = [] } = await client.executions.inspect(session.id, {
        seq,
        expressions: [rest.join(' ')],
      })
      return { document: values, text: renderValues(values) }
    }
    case 'breakpoints':
    case 'b': {
      if (rest.length > 0) await client.executions.debug(session.id, linesOf(rest))
      const { breakpoints } = await session.look()
      const text = breakpoints.length === 0 ? 'no breakpoints' : `lines ${breakpoints.join(', ')}`
      return { document: { breakpoints }, text }
    }
    case 'productive': {
      const after = await client.executions.makeProductive(session.id)
      return { document: after, text: `${after.id}  ${after.status}` }
    }
    case 'help':
      return { document: { help: HELP }, text: HELP }
    default:
      throw new CliError(`there is no command ${JSON.stringify(name)}`, { way: 'see `help`' })
  }
}

function linesOf(words: readonly string[]): { readonly breakpoints: readonly number[] } {
  if (words[0] === 'none') return { breakpoints: [] }
  const lines = words.flatMap((word) => word.split(',')).filter((word) => word !== '')
  return { breakpoints: [...new Set(lines.map(lineOf))] }
}

function lineOf(word: string): number {
  const line = Number(word)
  if (!Number.isInteger(line) || line < 1)
    throw new CliError(`${JSON.stringify(word)} is no line: give a whole number, 1 or more`)
  return line
}
