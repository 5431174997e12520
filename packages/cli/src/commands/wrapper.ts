import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { byWhat, parseCount } from '../parse-option.ts'
import { renderFields, renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'
import { addPushCommand } from './push.ts'
import { addWrapCommand } from './wrap.ts'

export function addWrapperCommands(program: Command, context: Context): void {
  const wrapper = program
    .command('wrapper')
    .description('scripts that run in place of what they wrap')

  addPushCommand(wrapper, context, { what: 'wrapper', recordsOf: (client) => client.wrappers })

  wrapper
    .command('list')
    .description('list wrappers by name')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (options: { limit: number; cursor?: string }) => {
      const client = await context.client()
      const page = await client.wrappers.list({
        order: 'name',
        limit: options.limit,
        cursor: options.cursor,
      })
      context.print(page, () =>
        page.items.length === 0
          ? 'no wrappers'
          : renderTable(
              ['NAME', 'ID', 'STANDARD', 'DESCRIPTION'],
              page.items.map((one) => [
                one.name,
                one.id,
                one.standard_name === null ? '' : one.is_changed === true ? 'changed' : 'yes',
                one.description,
              ]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })

  wrapper
    .command('get')
    .description('show a wrapper')
    .argument('<wrapper>', 'name or id')
    .option('--script', 'print the script and nothing else')
    .action(async (key: string, options: { script?: boolean }) => {
      const found = await (await context.client()).wrappers.get(key, byWhat(key))
      if (options.script === true) return context.deps.io.out(found.script.replace(/\n$/, ''))
      context.print(found, () => {
        const { script, name, id, language, description } = found
        return `${renderFields({
          name,
          id,
          language,
          description,
          inputs: JSON.stringify(found.input_schema, null, 2),
          modified: formatTime(found.modified_at),
        })}\n\n${script}`
      })
    })

  wrapper
    .command('delete')
    .description('put a wrapper in the trash')
    .argument('<wrapper>', 'name or id')
    .action(async (key: string) => {
      await (await context.client()).wrappers.delete(key, byWhat(key))
    })

  addWrapCommand(wrapper, context, { what: 'wrapper', recordsOf: (client) => client.wrappers })
}
