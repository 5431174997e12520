import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { findFlowFiles, nameOfFlowFile } from '../flow-files.ts'
import { type LimitOptions, parseLimit, parseRate, parseRuntime, toLimits } from '../flow-limits.ts'
import { parseCount, byWhat } from '../parse-option.ts'
import { pushFlow, type Pushed } from '../push-flow.ts'
import { renderFields, renderTable } from '../render/table.ts'
import { renderFlowLimits } from '../render/flow-limits.ts'
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
    .command('limits')
    .description('who has a place in a limited flow, and who waits for one')
    .argument('<flow>', 'name or id')
    .action(async (key: string) => {
      const found = await (await context.client()).flows.limits(key, byWhat(key))
      context.print(found, () => renderFlowLimits(found, context.deps.now()))
    })

  flow
    .command('limit')
    .description(
      'say how many runs of a flow go on at once, how many start, and for how long they run',
    )
    .argument('<flow>', 'name or id')
    .option('--concurrency <count>', 'so many at once, or "none"', parseLimit)
    .option('--rate <count>/<seconds>', 'so many starts in so many seconds, or "none"', parseRate)
    .option('--key <pointer>', 'runs with the same value there share them, such as /customer')
    .option('--max-runtime <time>', 'end a run in error after 90s, 5m, 2h, or "none"', parseRuntime)
    .action(async (key: string, options: LimitOptions) => {
      const fields = toLimits(options)
      const found = await (await context.client()).flows.update(key, fields, byWhat(key))
      const { name, concurrency, rate_limit: rate, max_runtime_seconds: runtime } = found
      context.print(found, () =>
        renderFields({
          name,
          concurrency: concurrency === null ? 'none' : JSON.stringify(concurrency),
          rate: rate === null ? 'none' : JSON.stringify(rate),
          'max runtime': runtime === null ? 'none' : `${runtime} s`,
        }),
      )
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
