import { ApiError, type Client, type Scheduler } from '@millrace/client'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { languageOfFlowFile, nameOfFlowFile } from '../flow-files.ts'
import { byWhat, parseCount } from '../parse-option.ts'
import { readSource } from '../read-input.ts'
import { renderFields, renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'

export function addSchedulerCommands(program: Command, context: Context): void {
  const scheduler = program
    .command('scheduler')
    .description('scripts that decide when schedules run')

  scheduler
    .command('push')
    .description('create or update a scheduler from a file')
    .argument('<file>')
    .option('--name <name>', 'instead of the name of the file')
    .action(async (file: string, options: { name?: string }) => {
      const wanted = {
        script: await readSource(file, context.deps.cwd),
        language: languageOfFlowFile(file),
      }
      const name = options.name ?? nameOfFlowFile(file)
      const after = await put(await context.client(), name, wanted)
      context.print(after, () => `${after.name}  ${after.id}`)
    })

  scheduler
    .command('list')
    .description('list schedulers by name')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async ({ limit, cursor }: { limit: number; cursor?: string }) => {
      const page = await (await context.client()).schedulers.list({ order: 'name', limit, cursor })
      context.print(page, () =>
        page.items.length === 0
          ? 'no schedulers'
          : renderTable(
              ['NAME', 'ID', 'MODIFIED'],
              page.items.map((one) => [one.name, one.id, formatTime(one.modified_at)]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })

  scheduler
    .command('get')
    .description('show a scheduler')
    .argument('<scheduler>', 'name or id')
    .option('--script', 'print the script and nothing else')
    .action(async (key: string, options: { script?: boolean }) => {
      const found = await (await context.client()).schedulers.get(key, byWhat(key))
      if (options.script === true) return context.deps.io.out(found.script.replace(/\n$/, ''))
      const { name, id, language, description, script } = found
      context.print(
        found,
        () => `${renderFields({ name, id, language, description })}\n\n${script}`,
      )
    })

  scheduler
    .command('delete')
    .description('put a scheduler in the trash')
    .argument('<scheduler>', 'name or id')
    .action(async (key: string) => {
      await (await context.client()).schedulers.delete(key, byWhat(key))
    })
}

async function put(
  { schedulers }: Client,
  name: string,
  wanted: Pick<Scheduler, 'script' | 'language'>,
): Promise<Scheduler> {
  try {
    return await schedulers.update(name, wanted, { by: 'name' })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    return schedulers.create({ name, ...wanted })
  }
}
