import { Type } from 'typebox'
import { debugExecution, makeProductive } from '../operations/debug-execution.ts'
import { inspectExecution } from '../operations/inspect-execution.ts'
import { readDebug } from '../operations/read-debug.ts'
import { DebugBody, InspectBody } from '../schemas/execution.ts'
import { Json, strict } from '../schemas/parts.ts'
import { Execution, ExecutionKey as Key, idOf } from './execution-parts.ts'
import { Fields, record } from './execution-routes.ts'
import { ok, type Route, route } from './route.ts'

const tag = 'execution'

export const debugRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/execution/{id}/debug',
    id: 'debugExecution',
    summary: 'Let it go on from where its debugger has stopped it, or change its breakpoints',
    tag,
    params: Key,
    query: Fields,
    body: DebugBody,
    answers: { 200: Execution },
    async handle(context, request) {
      const { caller, params, body, isRepeat } = request
      await debugExecution(context, caller, { id: idOf(params), body, isRepeat })
      return record(context, request)
    },
  }),
  route({
    method: 'GET',
    path: '/execution/{id}/debug',
    id: 'readDebug',
    summary:
      'Line, call stack and variables while its debugger has stopped it; with wait, when it has',
    tag,
    params: Key,
    query: strict({
      wait: Type.Optional(
        Type.Number({ minimum: 0, maximum: 300, description: 'seconds, for a stop or the end' }),
      ),
      lines: Type.Optional(
        Type.Boolean({ description: 'true adds the lines that can be stopped at' }),
      ),
    }),
    answers: { 200: Json },
    async handle(context, { caller, params, query, gone }) {
      const { wait: waitSeconds = 0, lines: withLines = false } = query
      const request = { id: idOf(params), waitSeconds, gone, withLines }
      return ok(await readDebug(context, caller, request))
    },
  }),
  route({
    method: 'POST',
    path: '/execution/{id}/productive',
    id: 'makeProductive',
    summary: 'Take it out of development mode: it goes on where it stands, without stops',
    tag,
    params: Key,
    query: Fields,
    body: strict({}),
    bodyOptional: true,
    answers: { 200: Execution },
    async handle(context, request) {
      await makeProductive(context, request.caller, { id: idOf(request.params) })
      return record(context, request)
    },
  }),
  route({
    method: 'POST',
    path: '/execution/{id}/inspect',
    id: 'inspectExecution',
    summary: 'Call stack and variables as they were at one of its calls, live or ended',
    tag,
    params: Key,
    body: InspectBody,
    bodyOptional: true,
    // It changes nothing: asked again, it is answered again.
    idempotent: false,
    answers: { 200: Json },
    handle: async (context, { caller, params, body }) =>
      ok(await inspectExecution(context, caller, { id: idOf(params), body })),
  }),
]
