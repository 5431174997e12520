import type { Why } from './execution-views.ts'
import type { Json } from './json.ts'
import { iteratePages, listPage, type ListOptions, type Page } from './list.ts'
import type { NewWrappable, RecordBase, Wrappable } from './record-types.ts'
import { as, byQuery, type By, createRecords, type Records } from './records.ts'
import type { Query } from './query.ts'
import type { Transport } from './transport.ts'

export type CatchUp = 'none' | 'last' | 'all'
export type Overlap =
  'skip' | 'queue_one' | 'queue_all' | 'allow' | 'cancel_running' | 'terminate_running'

/** When a schedule runs: exactly one of `cron`, `interval_seconds` and `rrule`. */
export interface Timing {
  readonly cron?: string
  readonly interval_seconds?: number
  readonly anchor?: 'start' | 'end'
  readonly rrule?: string
  /** IANA name; default UTC. */
  readonly time_zone?: string
}

interface Policy {
  readonly catch_up: CatchUp
  readonly catch_up_window_seconds: number
  readonly overlap: Overlap
  readonly jitter_seconds: number
  readonly starts_at: string | null
  readonly ends_at: string | null
}

export interface Schedule extends RecordBase, Wrappable, Policy {
  readonly flow_id: string
  readonly flow_name: string | null
  readonly setting_id: string | null
  readonly setting_name: string | null
  readonly scheduler_id: string | null
  readonly scheduler_name: string | null
  readonly timing: Timing | null
  readonly input_value: Json
  readonly is_enabled: boolean
  readonly is_productive: boolean
  readonly is_paused: boolean
  readonly paused_at: string | null
  /** The time that it waits for. */
  readonly next_at: string | null
  /** The live iteration: an execution of type SCHEDULE. */
  readonly iteration_execution_id: string | null
  readonly finished_at: string | null
  readonly problem: string | null
}

/** A flow, and `timing` or a scheduler. */
export interface NewSchedule extends NewWrappable, Partial<Policy> {
  readonly name: string
  readonly description?: string | null
  readonly project_id?: string | null
  readonly flow_id?: string
  readonly flow_name?: string
  readonly setting_id?: string | null
  readonly setting_name?: string | null
  readonly scheduler_id?: string | null
  readonly scheduler_name?: string | null
  readonly timing?: Timing | null
  readonly input_value?: { readonly [key: string]: Json } | null
  readonly is_enabled?: boolean
  readonly is_productive?: boolean
}

export interface PlannedTime {
  /** RFC 3339 with the zone's distance from UTC. */
  readonly at: string
  /** What a change of clocks did to it. */
  readonly note: string | null
}

/** What became of a planned time. */
export interface ScheduleRun {
  readonly id: string
  readonly state: 'QUEUED' | 'STARTED' | 'ENDED' | 'SKIPPED' | 'DROPPED'
  readonly origin: 'TIMING' | 'SCRIPT' | 'BACKFILL' | 'TRIGGER'
  readonly planned_at: string
  /** DROPPED: the last of `count` times in a row. */
  readonly last_planned_at: string | null
  readonly count: number
  readonly reason: string | null
  readonly execution_id: string | null
  readonly execution_status: string | null
  readonly started_at: string | null
  readonly ended_at: string | null
  readonly backfill_id: string | null
  readonly decided_at: string
}

export interface ScheduleWhy {
  readonly reason: string
  readonly since: string | null
  readonly until: string | null
  readonly iteration_execution_id: string | null
  readonly iteration: Why | null
  readonly queued: readonly {
    readonly id: string
    readonly planned_at: string
    readonly waits_for: readonly string[]
  }[]
  readonly running: readonly string[]
  readonly unblock: readonly { readonly action: string; readonly href: string }[]
}

export interface BackfillRequest {
  /** RFC 3339; both are included. */
  readonly from: string
  readonly to: string
  /** One after the other (default), or all at once. */
  readonly overlap?: 'queue_all' | 'allow'
  readonly limit?: number
  readonly dry_run?: boolean
}

export interface BackfillResult {
  readonly backfill_id: string | null
  readonly times: readonly PlannedTime[]
  readonly continue_from: string | null
}

export interface Schedules extends Records<Schedule, NewSchedule> {
  enable(key: string, options?: By): Promise<Schedule>
  disable(key: string, options?: By): Promise<Schedule>
  pause(key: string, options?: By): Promise<Schedule>
  resume(key: string, options?: By & { readonly catchUp?: CatchUp }): Promise<Schedule>
  preview(
    key: string,
    options?: By & { readonly count?: number; readonly from?: string },
  ): Promise<readonly PlannedTime[]>
  previewTiming(
    timing: Timing,
    options?: { readonly count?: number; readonly from?: string },
  ): Promise<readonly PlannedTime[]>
  backfill(key: string, request: BackfillRequest, options?: By): Promise<BackfillResult>
  /** Runs its flow once more, now. */
  trigger(key: string, options?: By): Promise<ScheduleRun>
  runs(key: string, options?: By & ListOptions): Promise<Page<ScheduleRun>>
  iterateRuns(key: string, options?: By & ListOptions): AsyncGenerator<ScheduleRun>
  why(key: string, options?: By): Promise<ScheduleWhy>
}

export function createSchedules(transport: Transport): Schedules {
  const at = (key: string, what: string) => `/schedule/${encodeURIComponent(key)}/${what}`
  const read = async <T>(key: string, what: string, query: Query): Promise<T> =>
    as<T>(await transport.send({ method: 'GET', path: at(key, what), query }))
  const act = async <T>(key: string, what: string, options?: By, body: object = {}): Promise<T> =>
    as<T>(
      await transport.send({
        method: 'POST',
        path: at(key, what),
        query: byQuery(options),
        body,
      }),
    )
  const runs = (key: string, options?: By & ListOptions): Promise<Page<ScheduleRun>> =>
    listPage<ScheduleRun>(transport, at(key, 'run'), options, byQuery(options))

  return {
    ...createRecords<Schedule, NewSchedule>(transport, 'schedule'),
    enable: (key, options) => act(key, 'enable', options),
    disable: (key, options) => act(key, 'disable', options),
    pause: (key, options) => act(key, 'pause', options),
    resume: (key, options) => {
      const body = options?.catchUp === undefined ? {} : { catch_up: options.catchUp }
      return act(key, 'resume', options, body)
    },
    async preview(key, options) {
      const query = { ...byQuery(options), count: options?.count, from: options?.from }
      return (await read<Preview>(key, 'preview', query)).times
    },
    async previewTiming(timing, options) {
      const body = { timing, ...options }
      const answer = await transport.send({
        method: 'POST',
        path: '/schedule/preview',
        body,
        repeat: 'freely',
      })
      return as<Preview>(answer).times
    },
    backfill: (key, request, options) => act(key, 'backfill', options, request),
    trigger: (key, options) => act(key, 'trigger', options),
    runs,
    iterateRuns: (key, options) =>
      iteratePages((list) => runs(key, { ...options, ...list }), options),
    why: (key, options) => read(key, 'why', byQuery(options)),
  }
}

interface Preview {
  readonly times: readonly PlannedTime[]
}
