import type { CatchUp, Schedule } from '@millrace/client'
import { Option, type Command } from 'commander'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { byWhat, parseCount } from '../parse-option.ts'
import { renderRuns, renderSchedule, renderScheduleWhy, renderTimes } from '../render/schedule.ts'
import { renderTable } from '../render/table.ts'
import { formatTime } from '../render/time.ts'
import { addTimingOptions, hasTiming, type TimingOptions, timingOf } from '../timing-options.ts'
import { addSetSchedule } from './schedule-set.ts'
import { addWrapCommand } from './wrap.ts'

export function addScheduleCommands(program: Command, context: Context): void {
  const schedule = program.command('schedule').description('flows that start by themselves')
  addSetSchedule(schedule, context)
  addLooking(schedule, context)
  addSteering(schedule, context)
  addRunning(schedule, context)
  addWrapCommand(schedule, context, {
    what: 'schedule',
    recordsOf: (client) => client.schedules,
  })
}

function addLooking(schedule: Command, context: Context): void {
  schedule
    .command('list')
    .description('list schedules by name')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 50)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (options: { limit: number; cursor?: string }) => {
      const { limit, cursor } = options
      const page = await (await context.client()).schedules.list({ order: 'name', limit, cursor })
      context.print(page, () =>
        page.items.length === 0
          ? 'no schedules yet; make one with `millrace schedule set <name> --flow <flow> --cron <rule>`'
          : renderTable(
              ['NAME', 'FLOW', 'WHEN', 'NEXT', 'STATE'],
              page.items.map((one) => [
                one.name,
                one.flow_name,
                whenOf(one),
                formatTime(one.next_at),
                stateOf(one),
              ]),
            ),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })

  schedule
    .command('get')
    .description('show a schedule')
    .argument('<schedule>', 'name or id')
    .action(async (key: string) => {
      const found = await (await context.client()).schedules.get(key, byWhat(key))
      context.print(found, () =>
        renderSchedule(found, { when: whenOf(found), state: stateOf(found) }),
      )
    })

  addTimingOptions(
    schedule
      .command('preview')
      .description('the next times of a schedule, or of a timing that you try out')
      .argument('[schedule]', 'name or id')
      .option('-n, --count <count>', 'this many', parseCount, 5)
      .option('--from <time>', 'from this time on; default now'),
  ).action(
    async (key: string | undefined, options: TimingOptions & { count: number; from?: string }) => {
      const { count, from } = options
      if (key !== undefined && hasTiming(options))
        throw new CliError('give a schedule or a timing, not both')
      const asked = { count, ...(from !== undefined && { from }) }
      const { schedules } = await context.client()
      const times =
        key === undefined
          ? await schedules.previewTiming(await timingOf(options, context.deps), asked)
          : await schedules.preview(key, { ...asked, ...byWhat(key) })
      context.print({ times }, () => renderTimes(times))
    },
  )

  schedule
    .command('why')
    .description('why it does not start its flow right now, and what would change that')
    .argument('<schedule>', 'name or id')
    .action(async (key: string) => {
      const why = await (await context.client()).schedules.why(key, byWhat(key))
      context.print(why, () => renderScheduleWhy(key, why, context.deps.now()))
    })

  schedule
    .command('runs')
    .description('what became of its planned times, the newest first')
    .argument('<schedule>', 'name or id')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 20)
    .option('--cursor <cursor>', 'go on where a page ended')
    .action(async (key: string, options: { limit: number; cursor?: string }) => {
      const { limit, cursor } = options
      const { schedules } = await context.client()
      const page = await schedules.runs(key, { ...byWhat(key), limit, cursor })
      context.print(page, () =>
        page.items.length === 0 ? 'nothing was due yet' : renderRuns(page.items),
      )
      if (page.next_cursor !== null)
        context.deps.io.err(`there are more: --cursor ${page.next_cursor}`)
    })
}

function addSteering(schedule: Command, context: Context): void {
  const steer = (name: 'enable' | 'disable' | 'pause', description: string): void => {
    schedule
      .command(name)
      .description(description)
      .argument('<schedule>', 'name or id')
      .action(async (key: string) => {
        const after = await (await context.client()).schedules[name](key, byWhat(key))
        context.print(after, () => `${after.name}  ${stateOf(after)}`)
      })
  }
  steer('enable', 'let it run from now on; what was before is not missed')
  steer('disable', 'stop it; what it has started goes on')
  steer('pause', 'start nothing until it is resumed')

  schedule
    .command('resume')
    .description('go on after a pause')
    .argument('<schedule>', 'name or id')
    .addOption(
      new Option('--catch-up <which>', 'for the times that fell into this pause').choices([
        'none',
        'last',
        'all',
      ]),
    )
    .action(async (key: string, { catchUp }: { catchUp?: CatchUp }) => {
      const { schedules } = await context.client()
      const options = { ...byWhat(key), ...(catchUp !== undefined && { catchUp }) }
      const after = await schedules.resume(key, options)
      context.print(after, () => `${after.name}  ${stateOf(after)}`)
    })

  schedule
    .command('delete')
    .description('stop it and put it in the trash')
    .argument('<schedule>', 'name or id')
    .action(async (key: string) => {
      await (await context.client()).schedules.delete(key, byWhat(key))
    })
}

function addRunning(schedule: Command, context: Context): void {
  schedule
    .command('trigger')
    .description('run its flow once more, now')
    .argument('<schedule>', 'name or id')
    .action(async (key: string) => {
      const run = await (await context.client()).schedules.trigger(key, byWhat(key))
      context.print(run, () => run.execution_id ?? 'it starts as soon as a scheduler is there')
    })

  schedule
    .command('backfill')
    .description('run the times of a part of the past')
    .argument('<schedule>', 'name or id')
    .requiredOption('--from <time>', 'RFC 3339, included')
    .requiredOption('--to <time>', 'RFC 3339, included')
    .option('--parallel', 'all at once instead of one after the other')
    .option('-n, --limit <count>', 'no more than this many', parseCount, 1_000)
    .option('--dry-run', 'show the times and run none')
    .action(async (key: string, options: BackfillOptions) => {
      const { from, to, limit, parallel, dryRun } = options
      const request = {
        from,
        to,
        limit,
        overlap: parallel === true ? 'allow' : 'queue_all',
        dry_run: dryRun === true,
      } as const
      const done = await (await context.client()).schedules.backfill(key, request, byWhat(key))
      context.print(done, () => renderTimes(done.times))
      if (done.continue_from !== null)
        context.deps.io.err(`there are more: --from ${done.continue_from}`)
    })
}

interface BackfillOptions {
  readonly from: string
  readonly to: string
  readonly limit: number
  readonly parallel?: boolean
  readonly dryRun?: boolean
}

function whenOf({ timing, scheduler_name: scheduler }: Schedule): string {
  if (timing === null) return `scheduler ${scheduler ?? ''}`
  const zone = timing.time_zone === undefined ? '' : ` ${timing.time_zone}`
  if (timing.cron !== undefined) return `${timing.cron}${zone}`
  if (timing.rrule !== undefined) return `${timing.rrule.replaceAll('\n', ' ')}${zone}`
  return `every ${timing.interval_seconds} s from the ${timing.anchor ?? 'start'}`
}

function stateOf(schedule: Schedule): string {
  if (!schedule.is_enabled) return 'disabled'
  if (schedule.is_paused) return 'paused'
  if (schedule.problem !== null) return 'broken'
  return schedule.finished_at === null ? 'enabled' : 'finished'
}
