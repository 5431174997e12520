import { checkPolicy, checkTiming, type PolicyInput, type Timing } from '@millrace/schedule'
import { now, ServiceError } from '@millrace/runtime'
import { schedulers, type ScheduleRow, schedules, settings } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { invalid, notFound } from '../problem.ts'
import type { ScheduleBody } from '../schemas/schedule.ts'
import { attendSchedule } from './attend-schedule.ts'
import type { CachedFlow } from './flow-cache.ts'
import { inputText } from './input-text.ts'
import { time, timeOrNull } from './page-request.ts'
import {
  asStore,
  commonFields,
  projectJson,
  type RecordBody,
  type RecordKind,
} from './record-kind.ts'
import { wrappersJson } from './static-wrappers.ts'

/** Schedules; each change is told to a scheduler before it is answered. */
export const SCHEDULE_KIND: RecordKind<ScheduleRow> = {
  store: asStore<ScheduleRow>(schedules),
  toFields: (context, caller, body, before) => scheduleFields(context, caller, body, before),
  toJson: scheduleJson,
  toCopy: scheduleCopy,
  changed: (context, { workspaceId, id }) =>
    attendSchedule(context, { workspaceId, scheduleId: id }),
}

/** The columns that a body of a schedule names; `before`: the schedule that it changes. */
async function scheduleFields(
  context: Context,
  caller: Caller,
  body: ScheduleBody,
  before: ScheduleRow | null,
): Promise<Record<string, unknown>> {
  const fields = await commonFields(context, caller, body)
  const flow = await flowOf(context, caller, body, before)
  fields['flow_id'] = flow?.row.id ?? before?.flow_id
  if (body.setting_id !== undefined || body.setting_name !== undefined)
    fields['setting_id'] = await idOf(context, caller, body, 'setting')
  if (body.scheduler_id !== undefined || body.scheduler_name !== undefined)
    fields['scheduler_id'] = await idOf(context, caller, body, 'scheduler')
  if (body.timing !== undefined)
    fields['timing'] = body.timing === null ? null : timingText(body.timing)
  // One way of timing takes the place of the other.
  if (typeof fields['timing'] === 'string') fields['scheduler_id'] ??= null
  if (typeof fields['scheduler_id'] === 'string') fields['timing'] ??= null
  if (body.input_value !== undefined)
    fields['input_value'] =
      body.input_value === null ? null : inputText(body.input_value, '/input_value')
  for (const name of PLAIN) if (body[name] !== undefined) fields[name] = body[name]
  for (const name of ['starts_at', 'ends_at'] as const) {
    const text = body[name]
    if (typeof text === 'string') fields[name] = time(Date.parse(text))
  }

  const after = merge(before, fields)
  checkWay(after, body)
  checkTimes(after)
  const isRunChanged = RUN.some((name) => body[name] !== undefined)
  // A wrapper may make other inputs of these, and has them checked when it starts the flow.
  if (after.timing !== null && isRunChanged && !isWrapped(body, before, flow))
    checkRunInput(flow, after.input_value)
  return before === null ? fields : { ...fields, ...consequencesOf(before, after) }
}

/** Whether wrappers stand around its runs, its own or those of its flow. */
function isWrapped(
  { wrappers }: ScheduleBody,
  before: ScheduleRow | null,
  flow: CachedFlow | null,
): boolean {
  if (flow?.row.is_wrapped === true) return true
  if (wrappers === undefined) return (before?.wrappers ?? null) !== null
  return wrappers !== null && wrappers.length > 0
}

function scheduleJson(row: ScheduleRow): Record<string, string> {
  return {
    ...projectJson(row),
    flow_id: JSON.stringify(row.flow_id),
    flow_name: JSON.stringify(row.flow_name),
    setting_id: JSON.stringify(row.setting_id),
    setting_name: JSON.stringify(row.setting_name),
    scheduler_id: JSON.stringify(row.scheduler_id),
    scheduler_name: JSON.stringify(row.scheduler_name),
    timing: row.timing ?? 'null',
    input_value: row.input_value ?? 'null',
    is_enabled: String(row.is_enabled),
    is_productive: String(row.is_productive),
    is_paused: String(row.paused_at !== null),
    paused_at: JSON.stringify(timeOrNull(row.paused_at)),
    catch_up: JSON.stringify(row.catch_up),
    catch_up_window_seconds: String(row.catch_up_window_seconds),
    overlap: JSON.stringify(row.overlap),
    jitter_seconds: String(row.jitter_seconds),
    starts_at: JSON.stringify(timeOrNull(row.starts_at)),
    ends_at: JSON.stringify(timeOrNull(row.ends_at)),
    next_at: JSON.stringify(timeOrNull(row.planned_at)),
    iteration_execution_id: JSON.stringify(row.iteration_id),
    finished_at: JSON.stringify(timeOrNull(row.finished_at)),
    problem: JSON.stringify(row.problem),
    ...wrappersJson({ is_wrapped: row.wrappers !== null, wrappers: row.wrappers }),
  }
}

/** One of both ways of timing, and off: two of a kind would do all of it twice. */
function scheduleCopy(row: ScheduleRow, values: RecordBody): RecordBody {
  const shown = Object.entries(scheduleJson(row))
  const hasScheduler = 'scheduler_id' in values || 'scheduler_name' in values
  const left: readonly string[] = [
    ...(row.timing === null || hasScheduler ? ['timing', ...POLICY] : []),
    ...('timing' in values ? ['scheduler_id', 'scheduler_name'] : []),
  ]
  return {
    ...Object.fromEntries(
      shown.flatMap(([name, text]) =>
        left.includes(name) ? [] : [[name, JSON.parse(text) as unknown]],
      ),
    ),
    is_enabled: false,
    description: row.description,
  }
}

async function flowOf(
  context: Context,
  caller: Caller,
  body: ScheduleBody,
  before: ScheduleRow | null,
): Promise<CachedFlow | null> {
  const { flow_id: id, flow_name: name } = body
  if (id !== undefined && name !== undefined)
    throw invalid([{ pointer: '/flow_name', message: 'goes without flow_id; give one of both' }])
  if (id === undefined && name === undefined) {
    if (before === null)
      throw invalid([{ pointer: '/flow_id', message: 'is missing; give it, or flow_name' }])
    return context.flows.flow(caller.workspaceId, { id: before.flow_id })
  }
  const key = id === undefined ? { name: name ?? '' } : { id }
  const flow = await context.flows.flow(caller.workspaceId, key)
  if (flow === null) throw notFound(`flow ${id ?? JSON.stringify(name)}`)
  return flow
}

async function idOf(
  { api }: Context,
  { workspaceId }: Caller,
  body: ScheduleBody,
  type: 'setting' | 'scheduler',
): Promise<string | null> {
  const [id, name] = [body[`${type}_id`], body[`${type}_name`]]
  if (typeof id === 'string' && typeof name === 'string')
    throw invalid([
      { pointer: `/${type}_name`, message: `goes without ${type}_id; give one of both` },
    ])
  if (typeof id !== 'string' && typeof name !== 'string') return null
  const key = typeof id === 'string' ? { workspaceId, id } : { workspaceId, name: name ?? '' }
  const found = await (type === 'setting' ? settings.read(api, key) : schedulers.read(api, key))
  if (found === null) throw notFound(`${type} ${id ?? JSON.stringify(name)}`)
  return found.id
}

function timingText(timing: Timing): string {
  const problems = checkTiming(timing)
  if (problems.length > 0)
    throw invalid(
      problems.map(({ pointer, message }) => ({ pointer: `/timing${pointer}`, message })),
    )
  return JSON.stringify(timing)
}

const POLICY = [
  'catch_up',
  'catch_up_window_seconds',
  'overlap',
  'jitter_seconds',
  'starts_at',
  'ends_at',
] as const
/** What a run is made of. */
const RUN = ['flow_id', 'flow_name', 'input_value', 'timing', 'wrappers'] as const
const PLAIN = ['is_enabled', 'is_productive', ...POLICY] as const

/** The schedule as it will be, as far as it is checked. */
interface After {
  readonly flow_id: string
  readonly setting_id: string | null
  readonly scheduler_id: string | null
  readonly timing: string | null
  readonly input_value: string | null
  readonly jitter_seconds: number
  readonly starts_at: string | null
  readonly ends_at: string | null
}

function merge(before: ScheduleRow | null, fields: Readonly<Record<string, unknown>>): After {
  const old = {
    flow_id: before?.flow_id ?? '',
    setting_id: before?.setting_id ?? null,
    scheduler_id: before?.scheduler_id ?? null,
    timing: before?.timing ?? null,
    input_value: before?.input_value ?? null,
    jitter_seconds: before?.jitter_seconds ?? 0,
    starts_at: timeOrNull(before?.starts_at ?? null),
    ends_at: timeOrNull(before?.ends_at ?? null),
  }
  const changed = Object.entries(fields).filter(([name]) => name in old)
  return { ...old, ...Object.fromEntries(changed) }
}

function checkWay({ timing, scheduler_id: schedulerId }: After, body: ScheduleBody): void {
  if ((timing === null) === (schedulerId === null))
    throw invalid([
      {
        pointer: '/timing',
        message:
          timing === null
            ? 'is missing; give it, or scheduler_id or scheduler_name'
            : 'goes without a scheduler; give one of both',
      },
    ])
  if (timing !== null) return
  const named = POLICY.filter((name) => body[name] !== undefined && body[name] !== null)
  if (named.length > 0)
    throw invalid(
      named.map((name) => ({
        pointer: `/${name}`,
        message: "goes with timing; a scheduler's script decides that itself",
      })),
    )
}

function checkTimes(after: After): void {
  const times: PolicyInput = { starts_at: after.starts_at, ends_at: after.ends_at }
  const problems = checkPolicy(times)
  if (problems.length > 0) throw invalid(problems)
}

/** Now rather than at every run. */
function checkRunInput(flow: CachedFlow | null, inputText: string | null): void {
  if (flow === null || flow.checkInput === null) return
  const input = inputText === null ? {} : (JSON.parse(inputText) as object)
  try {
    flow.checkInput({ ...input, scheduled_at: time(now()) }, '/input_value')
  } catch (error) {
    flow.checkInput(input, '/input_value')
    if (!(error instanceof ServiceError)) throw error
    throw invalid([
      {
        pointer: '/flow_id',
        message:
          'names a flow whose input_schema refuses scheduled_at, the planned time that every run gets: let the schema know it',
      },
    ])
  }
}

/** What follows from a change for the scheduler: see schedules.sql. */
function consequencesOf(before: ScheduleRow, after: After): Record<string, true> {
  const old = merge(before, {})
  const differs = (name: keyof After): boolean => old[name] !== after[name]
  const isRetimed = differs('timing') || differs('starts_at')
  const isRenewed =
    isRetimed ||
    (['ends_at', 'jitter_seconds', 'scheduler_id', 'flow_id', 'setting_id'] as const).some(
      differs,
    ) ||
    (after.timing === null && differs('input_value'))
  return { ...(isRetimed && { retimed: true }), ...(isRenewed && { renewed: true }) }
}
