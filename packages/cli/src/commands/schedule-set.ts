import {
  ApiError,
  type Client,
  type NewSchedule,
  type Schedule,
  type Timing,
} from '@millrace/client'
import { Option, type Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { looksLikeId, parseSeconds } from '../parse-option.ts'
import { readJson } from '../read-input.ts'
import { formatTime } from '../render/time.ts'
import {
  addTimingOptions,
  besidesRule,
  hasRule,
  hasTiming,
  type TimingOptions,
  timingOf,
} from '../timing-options.ts'

interface SetOptions extends TimingOptions {
  readonly flow?: string
  readonly setting?: string
  readonly scheduler?: string
  readonly input?: string
  readonly catchUp?: 'none' | 'last' | 'all'
  readonly catchUpWindow?: number
  readonly overlap?: NonNullable<NewSchedule['overlap']>
  readonly jitter?: number
  readonly startsAt?: string
  readonly endsAt?: string
  readonly description?: string
  readonly disabled?: boolean
}

/** `millrace schedule set`: makes a schedule, or changes what is named of one. */
export function addSetSchedule(schedule: Command, context: Context): void {
  addTimingOptions(
    schedule
      .command('set')
      .description('create a schedule, or change what you name of it')
      .argument('<name>')
      .option('--flow <flow>', 'what runs, by name or id; needed for a new one')
      .option('--setting <setting>', 'configuration for its scheduler, by name or id')
      .option('--scheduler <scheduler>', 'a script that decides when, by name or id'),
  )
    .option('-i, --input <json>', 'what each run gets: an object, @file, or - for standard input')
    .addOption(
      new Option('--catch-up <which>', 'missed times that are made up for').choices([
        'none',
        'last',
        'all',
      ]),
    )
    .option('--catch-up-window <time>', 'how far back, such as 12h', parseSeconds)
    .addOption(
      new Option('--overlap <what>', 'when the run before has not ended').choices([
        'skip',
        'queue_one',
        'queue_all',
        'allow',
        'cancel_running',
        'terminate_running',
      ]),
    )
    .option('--jitter <time>', 'start up to this much later', parseSeconds)
    .option('--starts-at <time>', 'RFC 3339')
    .option('--ends-at <time>', 'RFC 3339')
    .option('--description <text>')
    .option('--disabled', 'create it without letting it run')
    .action(async (name: string, options: SetOptions) => {
      const fields = await fieldsOf(options, context)
      const client = await context.client()
      const timing =
        hasTiming(options) && !hasRule(options) ? await changedTiming(client, name, options) : null
      const after = await put(client, name, { ...fields, ...(timing !== null && { timing }) })
      context.print(after, () => {
        const next = after.next_at === null ? '' : `  next ${formatTime(after.next_at)}`
        return `${after.name}  ${after.id}${next}`
      })
    })
}

async function fieldsOf(
  options: SetOptions,
  { deps }: Context,
): Promise<Partial<Omit<NewSchedule, 'name'>>> {
  const { flow, setting, scheduler, input, catchUp, catchUpWindow, overlap, jitter } = options
  const { startsAt, endsAt, description, disabled } = options
  return {
    ...named('flow', flow),
    ...named('setting', setting),
    ...named('scheduler', scheduler),
    ...(hasRule(options) && { timing: await timingOf(options, deps) }),
    ...(input !== undefined && {
      input_value: (await readJson(input, deps)) as NonNullable<NewSchedule['input_value']>,
    }),
    ...(catchUp !== undefined && { catch_up: catchUp }),
    ...(catchUpWindow !== undefined && { catch_up_window_seconds: catchUpWindow }),
    ...(overlap !== undefined && { overlap }),
    ...(jitter !== undefined && { jitter_seconds: jitter }),
    ...(startsAt !== undefined && { starts_at: startsAt }),
    ...(endsAt !== undefined && { ends_at: endsAt }),
    ...(description !== undefined && { description }),
    ...(disabled === true && { is_enabled: false }),
  }
}

const named = (what: string, key: string | undefined): Readonly<Record<string, string>> =>
  key === undefined ? {} : { [looksLikeId(key) ? `${what}_id` : `${what}_name`]: key }

/** The rule that a schedule has, in another zone or counted from elsewhere. */
async function changedTiming(
  { schedules }: Client,
  name: string,
  options: TimingOptions,
): Promise<Timing> {
  const known = await schedules.get(name, { by: 'name' }).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) return null
    throw error
  })
  if (known === null || known.timing === null)
    throw new CliError(
      `schedule "${name}" has no rule that --zone or --from-end could change; give one with --cron, --every or --rrule`,
    )
  return { ...known.timing, ...besidesRule(options) }
}

async function put(
  { schedules }: Client,
  name: string,
  fields: Partial<Omit<NewSchedule, 'name'>>,
): Promise<Schedule> {
  try {
    return await schedules.update(name, fields, { by: 'name' })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404 || (await exists(name, schedules)))
      throw error
  }
  if (fields.flow_id === undefined && fields.flow_name === undefined)
    throw new CliError(`there is no schedule "${name}" yet, and a new one needs --flow`)
  return schedules.create({ name, ...fields })
}

/** Not found may also be its flow, its setting or its scheduler. */
const exists = (name: string, schedules: Client['schedules']): Promise<boolean> =>
  schedules.get(name, { by: 'name' }).then(
    () => true,
    () => false,
  )
