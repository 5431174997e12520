import type { BulkAction, BulkResult, Client, Execution } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { addFilterOptions, type FilterOptions, toFilter } from '../execution-filter.ts'
import { EXIT } from '../exit-code.ts'

interface Options extends FilterOptions {
  readonly message?: string
  readonly tree?: boolean
  readonly dryRun?: boolean
}

type Action = Extract<BulkAction, 'cancel' | 'pause' | 'resume'>

export function addExecutionSteering(execution: Command, context: Context): void {
  const cancel = execution
    .command('cancel')
    .description('end executions, with all that they have started')
    .option('-m, --message <text>', 'why')
  const pause = execution
    .command('pause')
    .description('keep executions from going on until resumed')
    .option('--tree', 'and all that they have started')
  const resume = execution
    .command('resume')
    .description('let paused executions go on')
    .option('--tree', 'and all that they have started')
  for (const [action, command] of Object.entries({ cancel, pause, resume }))
    addFilterOptions(command.argument('[id...]', 'these, or those that the options below match'))
      .option('--dry-run', 'say what would be touched and touch nothing')
      .action((ids: string[], options: Options) =>
        steer(context, { action: action as Action, ids, options }),
      )
}

interface Steer {
  readonly action: Action
  readonly ids: readonly string[]
  readonly options: Options
}

async function steer(context: Context, { action, ids, options }: Steer): Promise<void> {
  const client = await context.client()
  const filter = await toFilter(client, options, context)
  if ((filter === undefined) === (ids.length === 0))
    throw new CliError(`name what to ${action}: ids, or a filter such as --flow or --status`)
  if (filter === undefined && options.dryRun !== true)
    return steerEach(context, client, { action, ids, options })
  if (options.tree === true) throw new CliError('--tree goes with ids, and not with --dry-run')
  const result = await client.executions.bulk({
    action,
    ...(filter === undefined ? { ids } : { filter }),
    ...(options.dryRun === true && { dry_run: true }),
    ...(options.message !== undefined && { message: options.message }),
  })
  context.print(result, () => renderBulk(result, action, options.dryRun === true))
  if (result.items.some(({ status }) => status >= 400)) context.exitCode = EXIT.refused
}

/** One after the other: the first that is refused stops the rest, and what was done is on the screen. */
async function steerEach(
  context: Context,
  client: Client,
  { action, ids, options }: Steer,
): Promise<void> {
  const { message, tree } = options
  const act = (id: string): Promise<Execution> =>
    action === 'cancel'
      ? client.executions.cancel(id, message === undefined ? {} : { message })
      : client.executions[action](id, { tree })
  for (const id of ids) {
    const after = await act(id)
    context.print(after, () => `${after.id}  ${after.status}`)
  }
}

function renderBulk({ items }: BulkResult, action: Action, isDryRun: boolean): string {
  const refused = items.filter(({ status }) => status >= 400)
  const fine = items.length - refused.length
  const done = isDryRun ? `would ${action}` : `${action}: done with`
  const lines = isDryRun ? items.filter(({ status }) => status < 400).map(({ id }) => id) : []
  return [
    ...lines,
    ...refused.map(({ id, detail }) => `${id}  refused: ${detail ?? ''}`),
    `${done} ${fine} of ${items.length}`,
  ].join('\n')
}
