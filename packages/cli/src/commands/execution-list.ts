import { type Client, type Filter, LIVE_STATUSES } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { collectWords, looksLikeId, parseCount, parseSeconds } from '../parse-option.ts'
import { readJson } from '../read-input.ts'
import { renderExecutionList } from '../render/execution.ts'

interface Options {
  readonly status?: readonly string[]
  readonly flow?: string
  readonly parent?: string
  readonly since?: number
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
    .option('--since <time>', 'only those created in the last 90s, 5m, 2h or 7d', parseSeconds)
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
  const status = options.status === undefined ? null : toStatuses(options.status)
  if (status !== null) all.push({ field: 'status', op: 'in', value: status })
  const since =
    options.since ?? (status?.some((one) => isEndedWord(one)) === true ? WEEK_SECONDS : null)
  if (since !== null) {
    const from = new Date(context.deps.now() - since * 1000)
    all.push({ field: 'created_at', op: 'ge', value: from.toISOString() })
    if (options.since === undefined) context.deps.io.err('of the last 7 days; --since narrows it')
  }
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

/** The API finds what has ended within 7 days at most; a minute less leaves room for the way there. */
const WEEK_SECONDS = 7 * 86_400 - 60

function toStatuses(words: readonly string[]): readonly string[] {
  if (words.length === 0) throw new CliError('--status needs a status')
  if (words.length === 1 && words[0] === 'live') return LIVE_STATUSES
  return words.map((word) => word.toUpperCase())
}

const isEndedWord = (status: string): boolean => status.startsWith('ENDED_')
