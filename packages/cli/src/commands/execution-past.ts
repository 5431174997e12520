import type { Execution, RerunRequest, SavepointRef } from '@millrace/client'
import type { Command } from 'commander'
import { awaitEnd, type Awaiting } from '../await-end.ts'
import type { Context } from '../context.ts'
import { exitCodeOfEnd } from '../exit-code.ts'
import { parseCount, parseSeconds } from '../parse-option.ts'
import { readJson } from '../read-input.ts'
import { renderResult } from '../render/result.ts'
import { renderReverts, renderSavepoints, renderStand } from '../render/savepoint.ts'

/** Pages are as large as the API gives them. */
const MOST_PER_PAGE = 1000

/** What executions have done: looked at, gone back to, done once more. */
export function addExecutionPast(execution: Command, context: Context): void {
  addViews(execution, context)
  addRevert(execution, context)
  addRerun(execution, context)
}

function addViews(execution: Command, context: Context): void {
  execution
    .command('savepoints')
    .description('list the recorded calls of an execution')
    .argument('<id>')
    .option('-g, --generation <number>', 'of an earlier generation', parseCount)
    .option('-n, --limit <count>', 'no more than this many', parseCount, MOST_PER_PAGE)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(
      async (id: string, options: { generation?: number; limit: number; cursor?: string }) => {
        const { executions } = await context.client()
        const page = await executions.savepoints(id, options)
        context.print(page, () => renderSavepoints(page.items))
        if (page.next_cursor !== null)
          context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
      },
    )

  execution
    .command('savepoint')
    .description('show how an execution stood at a savepoint: inputs, waits, locks, log')
    .argument('<id>')
    .argument('<savepoint>', 'its number, its id such as 1.4, or its name; 0 is the beginning')
    .action(async (id: string, savepoint: string) => {
      const stand = await (await context.client()).executions.savepoint(id, savepoint)
      context.print(stand, () => renderStand(stand))
    })

  execution
    .command('reverts')
    .description('list how an execution came to its present generation')
    .argument('<id>')
    .action(async (id: string) => {
      const { executions } = await context.client()
      const page = await executions.reverts(id, { limit: MOST_PER_PAGE })
      context.print(page, () => renderReverts(page.items))
    })
}

function addRevert(execution: Command, context: Context): void {
  execution
    .command('revert')
    .description('take an execution back to a savepoint and let it go on from there')
    .argument('<id>')
    .argument('<savepoint>', 'its number, its id such as 1.4, or its name; 0 is the beginning')
    .option('-w, --wait', 'wait for the end, print the output and exit by it')
    .option('--timeout <time>', 'wait no longer than this: 90, 90s, 5m', parseSeconds)
    .action(async (id: string, savepoint: string, options: Waiting) => {
      const { executions } = await context.client()
      const reverted = await executions.revert(id, toRef(savepoint))
      await finish(reverted, 'reverted', options, context)
    })
}

interface RerunOptions extends Waiting {
  readonly input?: string
  readonly from?: string
  readonly latest?: boolean
  readonly name?: string
  readonly dev?: boolean
  readonly paused?: boolean
}

function addRerun(execution: Command, context: Context): void {
  execution
    .command('rerun')
    .description('start another execution like this one')
    .argument('<id>')
    .option('-i, --input <json>', 'other input: JSON, @file, or - for standard input')
    .option('--from <savepoint>', 'begin after this savepoint: number, id or name')
    .option('--latest', "run the flow's present script")
    .option('--name <name>', "the new execution's name")
    .option('--dev', 'in development mode')
    .option('--paused', 'create it only; it waits to be resumed')
    .option('-w, --wait', 'wait for the end, print the output and exit by it')
    .option('--timeout <time>', 'wait no longer than this: 90, 90s, 5m', parseSeconds)
    .action(async (id: string, options: RerunOptions) => {
      const { executions } = await context.client()
      const what = await toRequest(options, context)
      const { interrupted: signal } = context.deps
      await finish(await executions.rerun(id, what, { signal }), 'started', options, context)
    })
}

async function toRequest(options: RerunOptions, { deps }: Context): Promise<RerunRequest> {
  return {
    ...(options.input !== undefined && { input_value: await readJson(options.input, deps) }),
    ...(options.from !== undefined && { from_savepoint: options.from }),
    ...(options.latest === true && { on_latest: true }),
    ...(options.name !== undefined && { name: options.name }),
    ...(options.dev === true && { is_productive: false }),
    ...(options.paused === true && { run: false }),
  }
}

interface Waiting {
  readonly wait?: boolean
  readonly timeout?: number
}

async function finish(
  execution: Execution,
  did: Awaiting['did'],
  { wait, timeout }: Waiting,
  context: Context,
): Promise<void> {
  if (wait !== true) return context.print(execution, () => renderResult(execution, context))
  const ended = await awaitEnd(execution, { did, timeout }, context)
  context.print(ended, () => renderResult(ended, context))
  context.exitCode = exitCodeOfEnd(ended.status)
}

function toRef(savepoint: string): SavepointRef {
  if (/^\d+$/.test(savepoint)) return { seq: Number(savepoint) }
  return /^\d+\.\d+$/.test(savepoint) ? { savepoint_id: savepoint } : { name: savepoint }
}
