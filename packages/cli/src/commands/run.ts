import type { NewExecution } from '@millrace/client'
import type { Command } from 'commander'
import { awaitEnd } from '../await-end.ts'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { exitCodeOfEnd } from '../exit-code.ts'
import { orNull, parseRuntime } from '../flow-limits.ts'
import { collectWords, looksLikeId, parseCount, parseSeconds, parseWhole } from '../parse-option.ts'
import { readJson, readSource } from '../read-input.ts'
import { readWrapperUse } from '../read-wrapper-use.ts'
import { renderResult } from '../render/result.ts'

interface Options {
  readonly script?: string
  readonly input?: string
  readonly name?: string
  readonly wrapper?: readonly string[]
  readonly unwrapped?: boolean
  readonly wait?: boolean
  readonly follow?: boolean
  readonly timeout?: number
  readonly priority?: number
  readonly maxRuntime?: number | 'none'
  readonly dev?: boolean
  readonly break?: boolean
  readonly breakpoints?: readonly string[]
}

export function addRunCommand(program: Command, context: Context): void {
  program
    .command('run')
    .description('start an execution of a flow')
    .argument('[flow]', 'name or id')
    .option('--script <file>', 'run this file once instead of a flow')
    .option('-i, --input <json>', 'what to give it: JSON, @file, or - for standard input')
    .option('--name <name>', "the execution's name")
    .option(
      '--wrapper <wrapper>',
      'name, or name={"its":"inputs"}; several from the outermost on',
      (one: string, before: readonly string[] = []) => [...before, one],
    )
    .option('--unwrapped', 'leave out the wrappers that always stand around it')
    .option('--priority <number>', 'higher ones are run first; 0 by default', parseWhole)
    .option('--max-runtime <time>', 'end it in error after 90s, 5m, 2h, or "none"', parseRuntime)
    .option('--dev', 'in development mode, see `millrace debug`')
    .option('--break', 'in development mode, stopped at its first line')
    .option('--breakpoints <lines>', 'in development mode, stopped at these: 4,7', collectWords)
    .option('-w, --wait', 'wait for the end, print the output and exit by it')
    .option('-f, --follow', 'show what happens until the end, then as --wait')
    .option('--timeout <time>', 'wait no longer than this: 90, 90s, 5m', parseSeconds)
    .action(async (flow: string | undefined, options: Options) => {
      const what = await whatToRun(flow, options, context)
      const client = await context.client()
      const { interrupted: signal } = context.deps
      const created = await client.executions.create(what, { signal })
      if (!waits(options)) return context.print(created, () => renderResult(created, context))
      const { timeout, follow } = options
      const ended = await awaitEnd(created, { did: 'started', timeout, follow }, context)
      context.print(ended, () => renderResult(ended, context))
      context.exitCode = exitCodeOfEnd(ended.status)
    })
}

async function whatToRun(
  flow: string | undefined,
  options: Options,
  { deps }: Context,
): Promise<NewExecution> {
  if ((flow === undefined) === (options.script === undefined)) {
    throw new CliError('say what to run: either the name of a flow or --script <file>')
  }
  const input =
    options.input === undefined ? {} : { input_value: await readJson(options.input, deps) }
  const { name, priority, maxRuntime } = options
  const more = {
    ...input,
    ...(name !== undefined && { name }),
    ...(priority !== undefined && { priority }),
    ...(maxRuntime !== undefined && { max_runtime_seconds: orNull(maxRuntime) }),
    ...modeOf(options),
    ...(options.wrapper !== undefined && { wrappers: options.wrapper.map(readWrapperUse) }),
    ...(options.unwrapped === true && { unwrapped: true }),
  }
  if (flow === undefined)
    return { script: await readSource(options.script ?? '', deps.cwd), ...more }
  return { ...(looksLikeId(flow) ? { flow_id: flow } : { flow_name: flow }), ...more }
}

function modeOf(options: Options): Partial<NewExecution> {
  const breakpoints = options.breakpoints?.map(parseCount) ?? []
  if (options.dev !== true && options.break !== true && breakpoints.length === 0) return {}
  return {
    is_productive: false,
    ...(options.break === true && { break: true }),
    ...(breakpoints.length > 0 && { breakpoints }),
  }
}

function waits(options: Options): boolean {
  return options.wait === true || options.follow === true
}
