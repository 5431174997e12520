import {
  liveProcesses,
  listScheduleRuns,
  type ScheduleRow,
  type ScheduleRunRow,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { time, timeOrNull } from './page-request.ts'
import { findSchedule, type ScheduleAddress } from './schedules.ts'
import { type Action, explainExecution, type Why } from './why-execution.ts'

/** Why a schedule does not start its flow right now, since when, until when, what would change that. */
export interface WhySchedule {
  readonly reason: string
  readonly since: string | null
  /** When it goes on by itself. */
  readonly until: string | null
  /** The live iteration, and why it stands still. */
  readonly iteration_execution_id: string | null
  readonly iteration: Why | null
  /** Runs that wait for others to end, in their order. */
  readonly queued: readonly {
    readonly id: string
    readonly planned_at: string
    readonly waits_for: readonly string[]
  }[]
  readonly running: readonly string[]
  readonly unblock: readonly Action[]
}

/** Throws `notFound`. */
export async function explainSchedule(
  context: Context,
  caller: Caller,
  address: ScheduleAddress,
): Promise<WhySchedule> {
  const row = await findSchedule(context, caller, address)
  const [open, iteration, isServed] = await Promise.all([
    openRuns(context, caller, row),
    row.iteration_id === null
      ? null
      : explainExecution(context, caller, { id: row.iteration_id, chain: false }).catch(() => null),
    isSchedulerAlive(context),
  ])
  const started = open.filter((run) => run.state === 'STARTED')
  const said = reasonOf(row, { iteration, isServed })
  return {
    reason: said.reason,
    since: said.since,
    until: said.until,
    iteration_execution_id: row.iteration_id,
    iteration,
    queued: open
      .filter((run) => run.state === 'QUEUED')
      .map((run) => ({
        id: run.id,
        planned_at: time(run.planned_at),
        waits_for: started
          .filter((one) => laneOf(one) === laneOf(run))
          .flatMap((one) => one.execution_id ?? []),
      })),
    running: started.flatMap((run) => run.execution_id ?? []),
    unblock: said.action === null ? [] : [toAction(row, said.action)],
  }
}

interface Said {
  readonly reason: string
  readonly since: string | null
  readonly until: string | null
  readonly action: 'enable' | 'resume' | 'trigger' | null
}

function reasonOf(
  row: ScheduleRow,
  { iteration, isServed }: { iteration: Why | null; isServed: boolean },
): Said {
  const said = { since: null, until: null, action: null }
  if (!row.is_enabled)
    return { ...said, reason: 'It is disabled: enable it to let it run.', action: 'enable' }
  if (row.paused_at !== null) {
    const reason =
      'It is paused: resume it to let it go on. What is missed meanwhile, catch_up decides.'
    return { ...said, reason, since: time(row.paused_at), action: 'resume' }
  }
  if (row.problem !== null) return { ...said, reason: `It cannot run: ${row.problem}.` }
  if (row.finished_at !== null) {
    const reason = 'It has come to its end: its timing has no time left. Change that to go on.'
    return { ...said, reason, since: time(row.finished_at), action: 'trigger' }
  }
  if (!isServed)
    return { ...said, reason: 'No scheduler is alive to serve it: start one. Nothing is lost.' }
  if (iteration === null) return { ...said, reason: 'Its next iteration is about to be started.' }
  const isWaiting = row.planned_at !== null && iteration.status === 'SCHEDULED'
  const reason = isWaiting
    ? `It waits for its next time, ${time(row.planned_at ?? 0)}.`
    : `Its iteration: ${iteration.reason ?? 'it runs.'}`
  const until = timeOrNull(row.start_at) ?? iteration.until
  return { reason, since: iteration.since, until, action: 'trigger' }
}

/** The oldest 1,000 of what waits or runs. */
async function openRuns(
  context: Context,
  { workspaceId }: Caller,
  { id: scheduleId }: ScheduleRow,
): Promise<readonly ScheduleRunRow[]> {
  const filter = { field: 'state', op: 'in', value: ['QUEUED', 'STARTED'] } as const
  const page = await listScheduleRuns(context.api, {
    workspaceId,
    scheduleId,
    filter,
    order: 'decided_at',
    limit: 1_000,
    cursor: null,
    count: false,
  })
  return page.rows
}

const isSchedulerAlive = async ({ api }: Context): Promise<boolean> =>
  (await liveProcesses(api)).some((process) => process.service === 'scheduler')

const laneOf = (run: ScheduleRunRow): string | null =>
  run.origin === 'SCRIPT' ? run.id : run.backfill_id

const toAction = (row: ScheduleRow, action: string): Action => ({
  action,
  href: `/api/latest/schedule/${row.id}/${action}`,
})
