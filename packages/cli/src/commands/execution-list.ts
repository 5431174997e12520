import type { Client, Filter } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { collectWords, looksLikeId, parseCount } from '../parse-option.ts'
import { readJson } from '../read-input.ts'
import { renderExecutionList } from '../render/execution.ts'

interface Options {
  readonly status?: readonly string[]
  readonly flow?: string
  readonly parent?: string
  readonly filter?: string
  readonly order: string
  readonly limit: number
  readonly cursor?: string
}

export function addExecutionList(execution: Command, context: Context): void {
  execution
    .command('list')
    .description('list executions, the newest first')
    .option(
      '--status <status>',
      'only these: a status, several with commas, or "live"',
      collectWords,
    )
    .option('--flow <flow>', 'only of this flow, name or id')
    .option('--parent <id>', 'only children of this execution')
    .option('--filter <json>', 'a filter as the API takes it: JSON, @file or -')
    .option('--order <fields>', 'for example -created_at,name', '-created_at')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (options: Options) => {
      const client = await context.client()
      const filter = await toFilter(client, options, context)
      const page = await client.executions.list({
        filter,
        order: options.order,
        limit: options.limit,
        cursor: options.cursor,
      })
      context.print(page, () => renderExecutionList(page.items, context.deps.now()))
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })
}

async function toFilter(
  client: Client,
  options: Options,
  context: Context,
): Promise<Filter | undefined> {
  const all: Filter[] = []
  if (options.status !== undefined) all.push(statusFilter(options.status))
  if (options.flow !== undefined) {
    const id = looksLikeId(options.flow)
      ? options.flow
      : (await client.flows.get(options.flow, { by: 'name' })).id
    all.push({ field: 'flow_id', op: 'eq', value: id })
  }
  if (options.parent !== undefined)
    all.push({ field: 'parent_execution_id', op: 'eq', value: options.parent })
  if (options.filter !== undefined)
    all.push((await readJson(options.filter, context.deps)) as unknown as Filter)
  return all.length < 2 ? all[0] : { and: all }
}

function statusFilter(words: readonly string[]): Filter {
  if (words.length === 0) throw new CliError('--status needs a status')
  if (words.length === 1 && words[0] === 'live')
    return { field: 'ended_at', op: 'is_null', value: true }
  return { field: 'status', op: 'in', value: words.map((word) => word.toUpperCase()) }
}
