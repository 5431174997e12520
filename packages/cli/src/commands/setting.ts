import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { byWhat, parseCount } from '../parse-option.ts'
import { readJson } from '../read-input.ts'
import { renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'

export function addSettingCommands(program: Command, context: Context): void {
  const setting = program.command('setting').description('read and write settings')

  setting
    .command('get')
    .description("print a setting's value")
    .argument('<setting>', 'name or id')
    .action(async (key: string) => {
      const found = await (await context.client()).settings.get(key, byWhat(key))
      context.print(found, () => JSON.stringify(found.value, null, 2))
    })

  setting
    .command('set')
    .description('create a setting or replace its value')
    .argument('<name>')
    .argument('<value>', 'JSON, @file, or - for standard input')
    .action(async (name: string, value: string) => {
      const json = await readJson(value, context.deps)
      const after = await (await context.client()).settings.put(name, json)
      context.print(after, () => `${after.name} = ${JSON.stringify(after.value)}`)
    })

  setting
    .command('list')
    .description('list settings by name')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (options: { limit: number; cursor?: string }) => {
      const client = await context.client()
      const page = await client.settings.list({
        order: 'name',
        limit: options.limit,
        cursor: options.cursor,
      })
      context.print(page, () =>
        page.items.length === 0
          ? 'no settings'
          : renderTable(
              ['NAME', 'VALUE', 'MODIFIED'],
              page.items.map((one) => [
                one.name,
                shorten(JSON.stringify(one.value)),
                formatTime(one.modified_at),
              ]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`
}
