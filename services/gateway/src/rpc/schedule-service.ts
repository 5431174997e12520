import type { CallContext, GrpcImplementation } from '@millrace/runtime/grpc'
import type { pb, scheduleService } from '@millrace/wire'
import type { Caller, Context } from '../context.ts'
import { bodyCheck } from '../http/validate.ts'
import {
  backfillSchedule,
  enableSchedule,
  listRunsJson,
  pauseScheduleOf,
  previewSchedule,
  previewTiming,
  resumeScheduleOf,
  triggerSchedule,
} from '../operations/schedules.ts'
import { explainSchedule } from '../operations/why-schedule.ts'
import { invalid } from '../problem.ts'
import {
  Backfill,
  type BackfillBody,
  PreviewBody,
  type PreviewBody as Preview,
  ResumeSchedule,
} from '../schemas/schedule.ts'
import { callerOf } from './caller.ts'
import { toDate } from './execution-message.ts'
import { maybeIdempotently } from './idempotent.ts'
import { toListInput } from './list-request.ts'
import { toRecord } from './record-service.ts'

/** Schedules over gRPC: the same operations and the same schemas as over HTTP. */
export function scheduleRpc(context: Context): GrpcImplementation<typeof scheduleService> {
  const change =
    <Request extends ChangeRequest>(
      method: string,
      run: (caller: Caller, request: Request) => Promise<string>,
    ) =>
    async (request: Request, call: CallContext): Promise<{ schedule: pb.Record }> => {
      const caller = await callerOf(context, call)
      const { idempotencyKey: key, ...asked } = request
      const json = await maybeIdempotently(
        context,
        caller,
        { key, method: `schedule.${method}`, request: asked },
        () => run(caller, request),
      )
      return { schedule: toRecord('schedule', json) }
    }

  return {
    enable: change('enable', (caller, { id: key }) =>
      enableSchedule(context, caller, { key, by: 'id', isEnabled: true }),
    ),
    disable: change('disable', (caller, { id: key }) =>
      enableSchedule(context, caller, { key, by: 'id', isEnabled: false }),
    ),
    pause: change('pause', (caller, { id: key }) =>
      pauseScheduleOf(context, caller, { key, by: 'id' }),
    ),
    resume: change('resume', (caller, request: pb.ScheduleServiceResumeRequest) => {
      const { id: key, catchUp } = request
      checkResume({ ...(catchUp !== undefined && { catch_up: catchUp }) })
      const how = { key, by: 'id', catchUp: (catchUp ?? null) as 'none' | null } as const
      return resumeScheduleOf(context, caller, how)
    }),
    async preview({ subject, count, from }, call) {
      const caller = await callerOf(context, call)
      if (subject === undefined) throw invalid([{ pointer: '', message: 'must have id or timing' }])
      if (subject.$case === 'id') {
        const asked = { count: countOf(count), from: from?.toISOString() }
        const found = await previewSchedule(context, caller, {
          key: subject.value,
          by: 'id',
          ...asked,
        })
        return { times: timesOf(found) }
      }
      const body = {
        ...subject.value,
        count: countOf(count),
        ...(from !== undefined && { from: from.toISOString() }),
      }
      checkPreview(body)
      return { times: timesOf(await previewTiming(context, body as unknown as Preview)) }
    },
    async backfill(request, call) {
      const caller = await callerOf(context, call)
      const body = backfillBody(request)
      const { id: key, idempotencyKey } = request
      const json = await maybeIdempotently(
        context,
        caller,
        { key: idempotencyKey, method: 'schedule.backfill', request: { key, body } },
        async (ids) =>
          JSON.stringify(await backfillSchedule(context, caller, { key, by: 'id', body, ids })),
      )
      const answer = JSON.parse(json) as BackfillJson
      return {
        backfillId: answer.backfill_id ?? undefined,
        times: timesOf(answer),
        continueFrom: toDate(answer.continue_from),
      }
    },
    async trigger({ id: key, idempotencyKey }, call) {
      const caller = await callerOf(context, call)
      const json = await maybeIdempotently(
        context,
        caller,
        { key: idempotencyKey, method: 'schedule.trigger', request: { key } },
        async (ids) =>
          JSON.stringify(await triggerSchedule(context, caller, { key, by: 'id', ids })),
      )
      return { run: toRun(JSON.parse(json) as RunJson) }
    },
    async listRuns(request, call) {
      const caller = await callerOf(context, call)
      const input = toListInput({ ...request, fields: [] })
      const text = await listRunsJson(context, caller, { ...input, key: request.id, by: 'id' })
      const page = JSON.parse(text) as {
        items: RunJson[]
        next_cursor: string | null
        total?: number
      }
      return {
        items: page.items.map(toRun),
        nextCursor: page.next_cursor ?? undefined,
        total: page.total === undefined ? undefined : BigInt(page.total),
      }
    },
    async why({ id: key }, call) {
      const caller = await callerOf(context, call)
      const why = await explainSchedule(context, caller, { key, by: 'id' })
      return {
        reason: why.reason,
        since: toDate(why.since),
        until: toDate(why.until),
        details: { ...why },
      }
    },
  }
}

const checkResume = bodyCheck(ResumeSchedule)
const checkPreview = bodyCheck(PreviewBody)
const checkBackfill = bodyCheck(Backfill)

interface ChangeRequest {
  readonly id: string
  readonly idempotencyKey?: string | undefined
}

function backfillBody(request: pb.ScheduleServiceBackfillRequest): BackfillBody {
  const body = {
    ...(request.from !== undefined && { from: request.from.toISOString() }),
    ...(request.to !== undefined && { to: request.to.toISOString() }),
    ...(request.overlap !== undefined && { overlap: request.overlap }),
    ...(request.limit !== undefined && { limit: request.limit }),
    dry_run: request.dryRun,
  }
  checkBackfill(body)
  return body as BackfillBody
}

function countOf(count: number | undefined): number {
  if (count === undefined) return 5
  if (count >= 1 && count <= 1_000) return count
  throw invalid([{ pointer: '/count', message: 'must be 1 to 1000' }])
}

const timesOf = (answer: object): pb.PlannedTime[] =>
  (answer as { times: { at: string; note: string | null }[] }).times.map(({ at, note }) => ({
    at,
    note: note ?? undefined,
  }))

const toRun = (run: RunJson): pb.ScheduleRun => ({
  id: run.id,
  state: run.state,
  origin: run.origin,
  plannedAt: toDate(run.planned_at),
  lastPlannedAt: toDate(run.last_planned_at),
  count: run.count,
  reason: run.reason ?? undefined,
  executionId: run.execution_id ?? undefined,
  executionStatus: run.execution_status ?? undefined,
  startedAt: toDate(run.started_at),
  endedAt: toDate(run.ended_at),
  backfillId: run.backfill_id ?? undefined,
  decidedAt: toDate(run.decided_at),
})

interface BackfillJson {
  readonly backfill_id: string | null
  readonly times: readonly { readonly at: string; readonly note: string | null }[]
  readonly continue_from: string | null
}

interface RunJson {
  readonly id: string
  readonly state: string
  readonly origin: string
  readonly planned_at: string
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
