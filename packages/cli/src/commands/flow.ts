import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { findFlowFiles, nameOfFlowFile } from '../flow-files.ts'
import { parseCount, byWhat } from '../parse-option.ts'
import { pushFlow, type Pushed } from '../push-flow.ts'
import { renderFields, renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'

export function addFlowCommands(program: Command, context: Context): void {
  const flow = program.command('flow').description('bring flows to the server and list them')

  flow
    .command('push')
    .description('create or update flows from files; the language follows from the extension')
    .argument('<path...>', 'files, or folders with them')
    .option('--name <name>', 'instead of the name of the file')
    .action(async (paths: string[], options: { name?: string }) => {
      const files = await findFlowFiles(paths, context.deps.cwd)
      if (options.name !== undefined && files.length !== 1)
        throw new CliError(`--name goes with one file, and there are ${files.length}`)
      const client = await context.client()
      const pushed: Pushed[] = []
      for (const file of files) {
        const one = await pushFlow(client, {
          file,
          name: options.name ?? nameOfFlowFile(file),
          cwd: context.deps.cwd,
        })
        context.deps.io.err(
          `${one.what.padEnd(9)}  ${one.flow.name}${one.changes === '' ? '' : `  ${one.changes}`}`,
        )
        pushed.push(one)
      }
      const [only] = pushed
      const document = pushed.length === 1 ? only?.flow : { items: pushed.map((one) => one.flow) }
      context.print(document, () => '')
    })

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
}
