import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { groupBlocked } from '../operations/blocked-executions.ts'
import { bulkExecutions } from '../operations/bulk-executions.ts'
import { createExecution, createExecutions } from '../operations/create-execution.ts'
import { getLog } from '../operations/execution-history.ts'
import { getTree } from '../operations/execution-tree.ts'
import { followExecution } from '../operations/follow-execution.ts'
import { type MoveAction, moveExecution } from '../operations/move-execution.ts'
import { parseFields } from '../operations/page-request.ts'
import { updateExecution } from '../operations/patch-execution.ts'
import {
  getExecution,
  listChildrenJson,
  listExecutionsJson,
  readValueSize,
  readValueText,
} from '../operations/read-execution.ts'
import { getSummary } from '../operations/summarize.ts'
import { sliceValue } from '../operations/value-slice.ts'
import { explainExecution } from '../operations/why-execution.ts'
import {
  Batch,
  BulkBody,
  CancelBody,
  Depth,
  EventId,
  ExecutionPatch,
  NewExecution,
  TreeBody,
  WaitQuery,
} from '../schemas/execution.ts'
import { Id, Json, ListQuery, page, strict, Time } from '../schemas/parts.ts'
import { sendEvents } from './event-stream.ts'
import { Execution, ExecutionKey as Key, History, idOf } from './execution-parts.ts'
import { type Answer, created, ok, type Route, route, type RouteRequest } from './route.ts'

const tag = 'execution'
export const Fields = strict({ fields: Type.Optional(Type.String({ maxLength: 4_096 })) })

export const executionRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/execution',
    id: 'createExecution',
    summary: 'Start an execution; with wait, answer when it has ended',
    tag,
    query: strict(WaitQuery),
    body: NewExecution,
    starts: () => 1,
    answers: { 200: Execution, 201: Execution, 202: Execution },
    async handle(context, { caller, query, body, ids, traceparent, gone }) {
      const waitSeconds = query.wait ?? 0
      const fields = parseFields(query.fields)
      const request = { body, waitSeconds, gone, fields, traceparent, ids }
      const { ended, json } = await createExecution(context, caller, request)
      return { status: query.wait === undefined ? 201 : ended ? 200 : 202, body: json }
    },
  }),
  route({
    method: 'POST',
    path: '/execution/batch',
    id: 'createExecutions',
    summary: 'Start up to 10,000 executions in one commit: all or none',
    tag,
    body: Batch,
    starts: ({ items }) => items.length,
    answers: { 201: Type.Object({ ids: Type.Array(Id) }) },
    async handle(context, { caller, body, ids, traceparent }) {
      const request = { bodies: body.items, traceparent, ids }
      return created({ ids: await createExecutions(context, caller, request) })
    },
  }),
  route({
    method: 'POST',
    path: '/execution/bulk',
    id: 'bulkExecutions',
    summary: 'Cancel, pause, resume, rerun or trash many; one outcome each',
    tag,
    body: BulkBody,
    answers: { 200: Type.Object({ items: Type.Array(Json) }) },
    handle: async (context, { caller, body, ids }) =>
      ok({ items: await bulkExecutions(context, caller, body, ids) }),
  }),
  route({
    method: 'GET',
    path: '/execution',
    id: 'listExecutions',
    summary: 'Executions, newest first',
    tag,
    query: strict({
      ...ListQuery,
      trashed: Type.Optional(Type.Boolean({ description: 'those in the trash instead' })),
    }),
    answers: { 200: page(Execution) },
    handle: async (context, { caller, query }) =>
      ok(await listExecutionsJson(context, caller, query)),
  }),
  route({
    method: 'GET',
    path: '/execution/summary',
    id: 'summarizeExecutions',
    summary: 'How many there are of each group: all that live, ended ones since a time',
    tag,
    query: strict({
      group_by: Type.Optional(Type.String({ default: 'status' })),
      filter: Type.Optional(Type.String()),
      since: Type.Optional(Time),
    }),
    answers: { 200: Json },
    async handle(context, { caller, query }) {
      const { group_by: groupBy = 'status', filter, since } = query
      return ok(await getSummary(context, caller, { groupBy, filter, since }))
    },
  }),
  route({
    method: 'GET',
    path: '/execution/blocked',
    id: 'listBlocked',
    summary: 'All that stand still for others, grouped by what holds them in the end',
    tag,
    query: strict({ group_by: Type.Optional(Type.Enum(['root'])) }),
    answers: { 200: Json },
    handle: async (context, { caller }) => ok(await groupBlocked(context, caller)),
  }),
  route({
    method: 'GET',
    path: '/execution/{id}',
    id: 'getExecution',
    summary: 'One execution; with wait, when it has ended',
    tag,
    params: Key,
    query: strict(WaitQuery),
    answers: { 200: Execution, 202: Execution },
    async handle(context, { caller, params, query, gone }) {
      const request = {
        id: idOf(params),
        fields: parseFields(query.fields),
        waitSeconds: query.wait ?? 0,
        gone,
      }
      const { json, ended } = await getExecution(context, caller, request)
      return { status: query.wait === undefined || ended ? 200 : 202, body: json }
    },
  }),
  route({
    method: 'PATCH',
    path: '/execution/{id}',
    id: 'updateExecution',
    summary: 'Change name, description, metadata, tags or is_hidden',
    tag,
    params: Key,
    query: Fields,
    body: ExecutionPatch,
    answers: { 200: Execution },
    async handle(context, request) {
      const { caller, params, body } = request
      await updateExecution(context, caller, { id: idOf(params), body })
      return record(context, request)
    },
  }),
  move('cancel', 'End it as ENDED_CANCELLED, with its descendants that are no orphans'),
  move('pause', 'Hold it back until it is resumed; with tree, all below it, too'),
  move('resume', 'Let it go on; with tree, all below it, too'),
  route({
    method: 'GET',
    path: '/execution/{id}/children',
    id: 'listChildren',
    summary: 'The executions that it has started, down to a depth',
    tag,
    params: Key,
    query: strict({ ...ListQuery, depth: Depth }),
    answers: { 200: page(Execution) },
    handle: async (context, { caller, params, query }) =>
      ok(await listChildrenJson(context, caller, { ...query, id: idOf(params) })),
  }),
  route({
    method: 'GET',
    path: '/execution/{id}/tree',
    id: 'getExecutionTree',
    summary: 'It and its descendants, nested; 10,000 at most',
    tag,
    params: Key,
    query: strict({ depth: Depth }),
    answers: { 200: Json },
    handle: async (context, { caller, params, query }) =>
      ok(await getTree(context, caller, { id: idOf(params), depth: query.depth })),
  }),
  route({
    method: 'GET',
    path: '/execution/{id}/log',
    id: 'getExecutionLog',
    summary: 'What its code has logged',
    tag,
    params: Key,
    query: strict({ ...ListQuery, ...History.properties }),
    answers: { 200: Json },
    handle: async (context, { caller, params, query }) =>
      ok(await getLog(context, caller, { ...query, id: idOf(params) })),
  }),
  route({
    method: 'GET',
    path: '/execution/{id}/why',
    id: 'explainExecution',
    summary: 'Why it is not moving, since when, until when, and what would free it',
    tag,
    params: Key,
    query: strict({ chain: Type.Optional(Type.Boolean()) }),
    answers: { 200: Json },
    async handle(context, { caller, params, query }) {
      const request = { id: idOf(params), chain: query.chain ?? false }
      return ok(await explainExecution(context, caller, request))
    },
  }),
  ...value('input'),
  ...value('output'),
  route({
    method: 'GET',
    path: '/execution/{id}/stream',
    id: 'streamExecution',
    summary: 'Server-sent events until it has ended; Last-Event-ID resumes without loss',
    tag,
    params: Key,
    query: strict({ last_event_id: EventId }),
    answers: { 200: Type.String({ description: 'events, each with its id and JSON' }) },
    produces: 'text/event-stream',
    handle: () => ok({}),
    stream: (context, { caller, params, query, http }, reply) => {
      const header = http.headers['last-event-id']
      const lastEventId = typeof header === 'string' ? header : (query.last_event_id ?? null)
      const id = idOf(params)
      const { build } = context
      return sendEvents(http, reply, (signal) =>
        followExecution(context, caller, { id, lastEventId, signal, build }),
      )
    },
  }),
]

function move(action: MoveAction, summary: string): Route {
  return route({
    method: 'POST',
    path: `/execution/{id}/${action}`,
    id: `${action}Execution`,
    summary,
    tag,
    params: Key,
    query: Fields,
    body: action === 'cancel' ? CancelBody : TreeBody,
    bodyOptional: true,
    answers: { 200: Execution },
    async handle(context, request) {
      const { caller, params, body, isRepeat } = request
      const message = 'message' in body && typeof body.message === 'string' ? body.message : null
      const tree = 'tree' in body && body.tree === true
      await moveExecution(context, caller, { id: idOf(params), action, message, isRepeat, tree })
      return record(context, request)
    },
  })
}

function value(which: 'input' | 'output'): readonly Route[] {
  const common = { path: `/execution/{id}/${which}`, tag, params: Key }
  return [
    route({
      ...common,
      method: 'GET',
      id: `get${which === 'input' ? 'Input' : 'Output'}`,
      summary: `Its ${which} value, or the part that a JSON pointer names`,
      query: strict({
        pointer: Type.Optional(Type.String({ maxLength: 4_096, description: 'RFC 6901' })),
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'items or characters' }),
        ),
      }),
      answers: { 200: Json },
      async handle(context, { caller, params, query }) {
        const key = { workspaceId: caller.workspaceId, id: idOf(params), which }
        const slice = { pointer: query.pointer ?? null, limit: query.limit ?? null }
        return ok(sliceValue(await readValueText(context, key), slice))
      },
    }),
    route({
      ...common,
      method: 'HEAD',
      id: `head${which === 'input' ? 'Input' : 'Output'}`,
      summary: `Size (Content-Length) and sha256 (ETag) of its ${which}`,
      answers: { 200: null },
      async handle(context, { caller, params }) {
        const key = { workspaceId: caller.workspaceId, id: idOf(params), which }
        const { size, hash } = await readValueSize(context, key)
        const headers = { 'content-length': String(size), etag: `"${hash}"` }
        return {
          status: 200,
          body: null,
          headers: { ...headers, 'content-type': 'application/json' },
        }
      },
    }),
  ]
}

/** The record as the answer of an action. */
export async function record(
  context: Context,
  {
    caller,
    params,
    query,
  }: Pick<
    RouteRequest<{ id: string }, { fields?: string }, unknown>,
    'caller' | 'params' | 'query'
  >,
): Promise<Answer> {
  const request = { id: idOf(params), fields: parseFields(query.fields), waitSeconds: 0 }
  return ok((await getExecution(context, caller, request)).json)
}
