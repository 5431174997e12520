import type { PlannedTime, Schedule, ScheduleRun, ScheduleWhy } from '@millrace/client'
import { renderFields, renderTable } from './table.ts'
import { formatSpan, formatTime } from './time.ts'
import { renderWhy } from './why.ts'

export function renderSchedule(
  schedule: Schedule,
  { when, state }: { readonly when: string; readonly state: string },
): string {
  return renderFields({
    name: schedule.name,
    id: schedule.id,
    state,
    when,
    next: formatTime(schedule.next_at),
    flow: schedule.flow_name ?? schedule.flow_id,
    setting: schedule.setting_name,
    'catch up': schedule.timing === null ? null : schedule.catch_up,
    overlap: schedule.timing === null ? null : schedule.overlap,
    jitter: schedule.jitter_seconds === 0 ? null : `${schedule.jitter_seconds} s`,
    starts: formatTime(schedule.starts_at),
    ends: formatTime(schedule.ends_at),
    iteration: schedule.iteration_execution_id,
    problem: schedule.problem,
    input: schedule.input_value === null ? null : JSON.stringify(schedule.input_value),
    description: schedule.description,
  })
}

/** One per line, with what a change of clocks did to it. */
export function renderTimes(times: readonly PlannedTime[]): string {
  if (times.length === 0) return 'no times'
  return times.map(({ at, note }) => (note === null ? at : `${at}  (${note})`)).join('\n')
}

export function renderRuns(runs: readonly ScheduleRun[]): string {
  return renderTable(
    ['PLANNED', 'STATE', 'EXECUTION', 'STATUS', 'REASON'],
    runs.map((run) => [
      formatTime(run.planned_at),
      run.count === 1 ? run.state : `${run.state} ×${run.count}`,
      run.execution_id,
      run.execution_status,
      run.reason,
    ]),
  )
}

export function renderScheduleWhy(name: string, why: ScheduleWhy, now: number): string {
  const span = why.since === null ? '' : formatSpan(why, now)
  const queued = why.queued.map(
    (run) =>
      `- the run of ${formatTime(run.planned_at)} waits for ${run.waits_for.join(', ') || 'its turn'}`,
  )
  const isDetailed = why.iteration !== null && why.iteration.status !== 'SCHEDULED'
  return [
    why.reason,
    ...(span === '' ? [] : [`  ${span}`]),
    ...why.unblock.map(({ action }) => `  to change it: millrace schedule ${action} ${name}`),
    ...queued,
    ...(isDetailed && why.iteration !== null
      ? [
          `its iteration ${why.iteration_execution_id ?? ''} is`,
          ...renderWhy(why.iteration_execution_id ?? '', why.iteration, now)
            .split('\n')
            .map((line) => `  ${line}`),
        ]
      : []),
  ].join('\n')
}
