import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { parseCount, byWhat } from '../parse-option.ts'
import { renderFields, renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'
import { addPushCommand } from './push.ts'
import { addWrapCommand } from './wrap.ts'

export function addFlowCommands(program: Command, context: Context): void {
  const flow = program.command('flow').description('bring flows to the server and list them')

  addPushCommand(flow, context, { what: 'flow', recordsOf: (client) => client.flows })

  flow
    .command('list')
    .description('list flows by name')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (options: { limit: number; cursor?: string }) => {
      const client = await context.client()
      const page = await client.flows.list({
        order: 'name',
        limit: options.limit,
        cursor: options.cursor,
      })
      context.print(page, () =>
        page.items.length === 0
          ? 'no flows yet; bring one with `millrace flow push <file>`'
          : renderTable(
              ['NAME', 'ID', 'LANGUAGE', 'MODIFIED', 'DESCRIPTION'],
              page.items.map((one) => [
                one.name,
                one.id,
                one.language,
                formatTime(one.modified_at),
                one.description,
              ]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })

  flow
    .command('get')
    .description('show a flow')
    .argument('<flow>', 'name or id')
    .option('--script', 'print the script and nothing else')
    .action(async (key: string, options: { script?: boolean }) => {
      const found = await (await context.client()).flows.get(key, byWhat(key))
      if (options.script === true) return context.deps.io.out(found.script.replace(/\n$/, ''))
      context.print(found, () => {
        const { script, name, id, language, description } = found
        return `${renderFields({ name, id, language, description, modified: formatTime(found.modified_at) })}\n\n${script}`
      })
    })

  addWrapCommand(flow, context, { what: 'flow', recordsOf: (client) => client.flows })
}
