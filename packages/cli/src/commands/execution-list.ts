import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { addFilterOptions, type FilterOptions, toFilter } from '../execution-filter.ts'
import { parseCount } from '../parse-option.ts'
import { renderExecutionList } from '../render/execution.ts'

interface Options extends FilterOptions {
  readonly order: string
  readonly limit: number
  readonly cursor?: string
}

export function addExecutionList(execution: Command, context: Context): void {
  addFilterOptions(execution.command('list').description('list executions, the newest first'))
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
