import { startGates } from '@millrace/lock'
import { formatTraceparent } from '@millrace/runtime'
import {
  type NewExecution,
  type PinnedSchemas,
  scriptHash,
  type ScheduleWork,
} from '@millrace/store'
import { ITERATION_SCRIPT } from './iteration-script.ts'

/** What the next iteration of a schedule waits for; times are ms since 1970. */
export interface IterationPlan {
  readonly plannedMs: number | null
  /** Null: it starts at once. */
  readonly startMs: number | null
  readonly jitterMs: number
  /** It waits for the ends of these, from which the next one counts. */
  readonly after: readonly string[] | null
}

/** The execution of an iteration: a scheduler's script, or ours for a timing. */
export function newIteration(work: ScheduleWork, id: string, plan: IterationPlan): NewExecution {
  const input = {
    schedule_id: work.id,
    schedule_name: work.name,
    flow_id: work.flow_id,
    flow_name: work.flow_name,
    setting_id: work.setting_id,
    setting_name: work.setting_name,
    input_value: inputOf(work),
    ...(plan.plannedMs !== null && { planned_at: timeText(plan.plannedMs) }),
    ...(plan.after !== null && { after: plan.after }),
  }
  return {
    ...common(work, id),
    extra: JSON.stringify({ schedule_id: work.id, schedule_name: work.name }),
    type: 'SCHEDULE',
    name: work.name,
    flowId: null,
    scriptHash: work.scheduler_script_hash ?? scriptHash(ITERATION_SCRIPT),
    projectId: work.project_id ?? work.scheduler_project_id,
    input: JSON.stringify(input),
    parentId: null,
    topId: id,
    scheduledFor: plan.startMs,
    paused: work.paused_at !== null,
  }
}

/**
 * The execution of a run: the schedule's flow as it is now, with the schedule's input and the planned
 * time in it. `parentId`: the live iteration; null when there is none. It is an orphan: what a schedule
 * has started goes on when its iteration is cancelled.
 */
export function newRun(
  work: ScheduleWork,
  run: {
    readonly id: string
    readonly plannedMs: number
    readonly parentId: string | null
    /** Those of its flow, stored. */
    readonly schemas: PinnedSchemas | null
  },
): NewExecution {
  const input = runInput(work, run.plannedMs)
  const { flow_id: id, flow_concurrency: concurrency, flow_rate_limit: rate_limit } = work
  const gates = startGates({ id, concurrency, rate_limit }, input)
  const maxRuntime = work.flow_max_runtime_seconds
  return {
    ...common(work, run.id),
    ...(gates !== null && { gates }),
    extra: JSON.stringify({
      ...run.schemas,
      schedule_id: work.id,
      ...(maxRuntime !== null && { max_runtime_seconds: maxRuntime }),
    }),
    type: 'FLOW',
    name: work.flow_name,
    flowId: work.flow_id,
    scriptHash: work.flow_script_hash,
    projectId: work.flow_project_id ?? work.project_id,
    input: JSON.stringify(input),
    parentId: run.parentId,
    topId: run.parentId ?? run.id,
    scheduledFor: null,
    paused: false,
    orphan: true,
  }
}

/** What a run gets: the schedule's input, and the planned time in it. */
export const runInput = (work: ScheduleWork, plannedMs: number): Record<string, unknown> => ({
  ...inputOf(work),
  scheduled_at: timeText(plannedMs),
})

function common(
  work: ScheduleWork,
  id: string,
): Pick<
  NewExecution,
  | 'workspaceId'
  | 'id'
  | 'connectorId'
  | 'connectorType'
  | 'orphan'
  | 'isProductive'
  | 'priority'
  | 'createdBy'
  | 'traceparent'
> {
  const traceId = id.replaceAll('-', '')
  return {
    workspaceId: work.workspace_id,
    id,
    connectorId: null,
    connectorType: null,
    orphan: false,
    isProductive: work.is_productive,
    priority: 0,
    createdBy: work.id,
    traceparent: formatTraceparent({ traceId, spanId: traceId.slice(16), sampled: true }),
  }
}

const inputOf = (work: ScheduleWork): Readonly<Record<string, unknown>> =>
  work.input_value === null ? {} : (JSON.parse(work.input_value) as Record<string, unknown>)

const timeText = (ms: number): string => new Date(ms).toISOString()
