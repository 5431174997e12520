import { Type } from 'typebox'
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
import { ByQuery, Json, ListQuery, nullable, page, strict } from '../schemas/parts.ts'
import { Backfill, PreviewBody, PreviewQuery, ResumeSchedule } from '../schemas/schedule.ts'
import { created, ok, type Route, route } from './route.ts'

const tag = 'schedule'
const Key = strict({
  key: Type.String({ maxLength: 512, description: 'an id; with by=name a name' }),
})
const By = strict(ByQuery)
const Times = Type.Array(
  Type.Object({
    at: Type.String({ description: "with the zone's distance from UTC" }),
    note: nullable(Type.String({ description: 'what a change of clocks did to it' })),
  }),
)
const { filter, order, limit, cursor, count } = ListQuery
const RunList = { filter, order, limit, cursor, count }
const Run = Type.Object({}, { additionalProperties: true, description: 'a planned time' })

const addressOf = ({ params, query }: { params: { key: string }; query: { by?: 'id' | 'name' } }) =>
  ({ key: params.key, by: query.by ?? 'id' }) as const

export const scheduleRoutes: readonly Route[] = [
  ...([true, false] as const).map((isEnabled) =>
    route({
      method: 'POST',
      path: `/schedule/{key}/${isEnabled ? 'enable' : 'disable'}`,
      id: isEnabled ? 'enableSchedule' : 'disableSchedule',
      summary: isEnabled
        ? 'From now on it has a live iteration; what was before is not missed'
        : 'Cancel its live iteration; what it has started goes on',
      tag,
      params: Key,
      query: By,
      body: strict({}),
      bodyOptional: true,
      answers: { 200: Json },
      handle: async (context, request) =>
        ok(await enableSchedule(context, request.caller, { ...addressOf(request), isEnabled })),
    }),
  ),
  route({
    method: 'POST',
    path: '/schedule/{key}/pause',
    id: 'pauseSchedule',
    summary: 'Start nothing until it is resumed; times meanwhile are missed',
    tag,
    params: Key,
    query: By,
    body: strict({}),
    bodyOptional: true,
    answers: { 200: Json },
    handle: async (context, request) =>
      ok(await pauseScheduleOf(context, request.caller, addressOf(request))),
  }),
  route({
    method: 'POST',
    path: '/schedule/{key}/resume',
    id: 'resumeSchedule',
    summary: 'Go on, and make up for what was missed as catch_up says',
    tag,
    params: Key,
    query: By,
    body: ResumeSchedule,
    bodyOptional: true,
    answers: { 200: Json },
    async handle(context, request) {
      const catchUp = request.body.catch_up ?? null
      return ok(await resumeScheduleOf(context, request.caller, { ...addressOf(request), catchUp }))
    },
  }),
  route({
    method: 'GET',
    path: '/schedule/{key}/preview',
    id: 'previewSchedule',
    summary: 'Its next times, in its zone',
    tag,
    params: Key,
    query: strict({ ...ByQuery, ...PreviewQuery }),
    answers: { 200: Type.Object({ times: Times }) },
    async handle(context, request) {
      const { count: wanted = 5, from } = request.query
      const asked = { ...addressOf(request), count: wanted, from }
      return ok(await previewSchedule(context, request.caller, asked))
    },
  }),
  route({
    method: 'POST',
    path: '/schedule/preview',
    id: 'previewTiming',
    summary: 'The next times of a timing, before there is a schedule with it',
    tag,
    body: PreviewBody,
    idempotent: false,
    answers: { 200: Type.Object({ times: Times }) },
    handle: async (context, { body }) => ok(await previewTiming(context, body)),
  }),
  route({
    method: 'POST',
    path: '/schedule/{key}/backfill',
    id: 'backfillSchedule',
    summary: 'Run the times of a part of the past; dry_run shows them only',
    tag,
    params: Key,
    query: By,
    body: Backfill,
    answers: {
      201: Type.Object({
        backfill_id: nullable(Type.String()),
        times: Times,
        continue_from: nullable(Type.String()),
      }),
    },
    async handle(context, request) {
      const { body, ids } = request
      return created(
        await backfillSchedule(context, request.caller, { ...addressOf(request), body, ids }),
      )
    },
  }),
  route({
    method: 'POST',
    path: '/schedule/{key}/trigger',
    id: 'triggerSchedule',
    summary: 'Run its flow once more, now',
    tag,
    params: Key,
    query: By,
    body: strict({}),
    bodyOptional: true,
    starts: () => 1,
    answers: { 201: Run },
    handle: async (context, request) =>
      created(
        await triggerSchedule(context, request.caller, { ...addressOf(request), ids: request.ids }),
      ),
  }),
  route({
    method: 'GET',
    path: '/schedule/{key}/run',
    id: 'listScheduleRuns',
    summary: 'What became of its planned times, the newest first',
    tag,
    params: Key,
    query: strict({ ...ByQuery, ...RunList }),
    answers: { 200: page(Run) },
    async handle(context, request) {
      const list = { ...request.query, ...addressOf(request) }
      return ok(await listRunsJson(context, request.caller, list))
    },
  }),
  route({
    method: 'GET',
    path: '/schedule/{key}/why',
    id: 'whySchedule',
    summary: 'Why it does not start its flow right now, until when, and what would change that',
    tag,
    params: Key,
    query: By,
    answers: { 200: Json },
    handle: async (context, request) =>
      ok(await explainSchedule(context, request.caller, addressOf(request))),
  }),
]
