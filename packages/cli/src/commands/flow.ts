import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { type LimitOptions, parseLimit, parseRate, parseRuntime, toLimits } from '../flow-limits.ts'
import { parseCount, byWhat } from '../parse-option.ts'
import { renderFields, renderTable } from '../render/table.ts'
import { renderFlowLimits } from '../render/flow-limits.ts'
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

  addWrapCommand(flow, context, { what: 'flow', recordsOf: (client) => client.flows })
}
