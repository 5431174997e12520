import { Type } from 'typebox'
import { parseFields } from '../operations/page-request.ts'
import { getExecution } from '../operations/read-execution.ts'
import { rerunExecution } from '../operations/rerun-execution.ts'
import { getReverts, revertToSavepoint } from '../operations/revert-execution.ts'
import { parseSavepoint, savepointOf } from '../operations/savepoint-ref.ts'
import { getSavepoint, getSavepoints } from '../operations/savepoint-views.ts'
import { WaitQuery } from '../schemas/execution.ts'
import { Json, ListQuery, strict } from '../schemas/parts.ts'
import { Generation, RerunBody, RevertBody } from '../schemas/past.ts'
import { Execution, ExecutionKey, History, idOf } from './execution-parts.ts'
import { ok, type Route, route } from './route.ts'

const tag = 'execution'

/** What executions have done: looked at, gone back to, done once more. */
export const pastRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/execution/{id}/savepoint',
    id: 'listSavepoints',
    summary: 'Its recorded calls and what came of each',
    tag,
    params: ExecutionKey,
    query: strict({
      ...ListQuery,
      ...History.properties,
      generation: Type.Optional(Generation),
    }),
    answers: { 200: Json },
    handle: async (context, { caller, params, query }) =>
      ok(await getSavepoints(context, caller, { ...query, id: idOf(params) })),
  }),
  route({
    method: 'GET',
    path: '/execution/{id}/savepoint/{savepoint}',
    id: 'getSavepoint',
    summary: 'How it stood there: its inputs, what it waited for, which locks it held, its log',
    tag,
    params: strict({
      id: Type.String({ description: 'UUID' }),
      savepoint: Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'number, id or name',
      }),
    }),
    answers: { 200: Json },
    async handle(context, { caller, params }) {
      const savepoint = parseSavepoint(params.savepoint)
      return ok(await getSavepoint(context, caller, { id: idOf(params), savepoint }))
    },
  }),
  route({
    method: 'POST',
    path: '/execution/{id}/revert',
    id: 'revertExecution',
    summary: 'Take it back to a savepoint and let it go on from there',
    tag,
    params: ExecutionKey,
    query: strict({ fields: Type.Optional(Type.String({ maxLength: 4_096 })) }),
    body: RevertBody,
    answers: { 200: Execution },
    async handle(context, { caller, params, query, body, isRepeat }) {
      const id = idOf(params)
      await revertToSavepoint(context, caller, { id, to: savepointOf(body), isRepeat })
      const request = { id, fields: parseFields(query.fields), waitSeconds: 0 }
      return ok((await getExecution(context, caller, request)).json)
    },
  }),
  route({
    method: 'GET',
    path: '/execution/{id}/revert',
    id: 'listReverts',
    summary: 'How it came to its present generation',
    tag,
    params: ExecutionKey,
    query: strict(History.properties),
    answers: { 200: Json },
    handle: async (context, { caller, params, query }) =>
      ok(await getReverts(context, caller, { ...query, id: idOf(params) })),
  }),
  route({
    method: 'POST',
    path: '/execution/{id}/rerun',
    id: 'rerunExecution',
    summary:
      'Start another one like it: from the beginning or a savepoint, with other input or script',
    tag,
    params: ExecutionKey,
    query: strict(WaitQuery),
    body: RerunBody,
    bodyOptional: true,
    starts: () => 1,
    answers: { 200: Execution, 201: Execution, 202: Execution },
    async handle(context, { caller, params, query, body, ids, traceparent, gone }) {
      const waitSeconds = query.wait ?? 0
      const fields = parseFields(query.fields)
      const request = { id: idOf(params), body, waitSeconds, gone, fields, traceparent, ids }
      const { ended, json } = await rerunExecution(context, caller, request)
      return { status: query.wait === undefined ? 201 : ended ? 200 : 202, body: json }
    },
  }),
]
