import { type Client, type Filter, LIVE_STATUSES } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import type { Context } from './context.ts'
import { collectWords, looksLikeId, parseSeconds } from './parse-option.ts'
import { readJson } from './read-input.ts'

/** Options that say which executions are meant. */
export interface FilterOptions {
  readonly status?: readonly string[]
  readonly flow?: string
  readonly parent?: string
  readonly since?: number
  readonly filter?: string
}

export function addFilterOptions(command: Command): Command {
  return command
    .option(
      '--status <status>',
      'only these: a status, several with commas, or "live"',
      collectWords,
    )
    .option('--flow <flow>', 'only of this flow, name or id')
    .option('--parent <id>', 'only children of this execution')
    .option('--since <time>', 'only those created in the last 90s, 5m, 2h or 7d', parseSeconds)
    .option('--filter <json>', 'a filter as the API takes it: JSON, @file or -')
}

/** Undefined: none of the options was given. */
export async function toFilter(
  client: Client,
  options: FilterOptions,
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
