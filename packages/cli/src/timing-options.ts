import type { Timing } from '@millrace/client'
import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import type { Deps } from './deps.ts'
import { parseSeconds } from './parse-option.ts'
import { readSource } from './read-input.ts'

/** When a schedule runs, as a command line says it. */
export interface TimingOptions {
  readonly cron?: string
  readonly every?: number
  readonly fromEnd?: boolean
  readonly rrule?: string
  readonly zone?: string
}

export function addTimingOptions(command: Command): Command {
  return command
    .option('--cron <rule>', "5 fields, or 6 with the second first: '30 6 * * MON-FRI'")
    .option('--every <time>', 'an interval, such as 90s, 5m or 2h', parseSeconds)
    .option('--from-end', 'the interval counts from the end of the last run')
    .option('--rrule <lines>', 'DTSTART and RRULE lines of RFC 5545, or @file')
    .option('--zone <zone>', 'such as Europe/Berlin; default UTC')
}

/** A rule, with or without more: it replaces all of a schedule's timing. */
export const hasRule = ({ cron, every, rrule }: TimingOptions): boolean =>
  cron !== undefined || every !== undefined || rrule !== undefined

/** Anything at all about when. */
export const hasTiming = (options: TimingOptions): boolean =>
  hasRule(options) || options.fromEnd !== undefined || options.zone !== undefined

/** Errors: CliError when there is not exactly one of cron, every and rrule. */
export async function timingOf(
  options: TimingOptions,
  { cwd }: Pick<Deps, 'cwd'>,
): Promise<Timing> {
  const { cron, every, rrule } = options
  const kinds = [cron, every, rrule].filter((kind) => kind !== undefined)
  if (kinds.length !== 1) throw new CliError('give exactly one of --cron, --every and --rrule')
  return {
    ...(cron !== undefined && { cron }),
    ...(every !== undefined && { interval_seconds: every }),
    ...(rrule !== undefined && { rrule: await linesOf(rrule, cwd) }),
    ...besidesRule(options),
  }
}

/** What options say about when, besides the rule itself. */
export const besidesRule = ({ fromEnd, zone }: TimingOptions): Timing => ({
  ...(fromEnd === true && { anchor: 'end' as const }),
  ...(zone !== undefined && { time_zone: zone }),
})

/** A shell's "\n" is what people type for a line's end. */
const linesOf = async (given: string, cwd: string): Promise<string> =>
  given.startsWith('@')
    ? (await readSource(given.slice(1), cwd)).trim()
    : given.replaceAll('\\n', '\n')
