import { Type } from 'typebox'
import { exportExecution, exportExecutions } from '../operations/export-executions.ts'
import { importExecutions } from '../operations/import-executions.ts'
import { purgeExecution, restoreExecution, trashExecution } from '../operations/trash-execution.ts'
import { getExecution } from '../operations/read-execution.ts'
import { Id, ListQuery, strict } from '../schemas/parts.ts'
import { Execution, ExecutionKey as Key, idOf } from './execution-parts.ts'
import { created, noContent, ok, type Route, route } from './route.ts'
import { sendDocuments } from './send-documents.ts'

const tag = 'execution'
const Documents = Type.String({ description: 'YAML 1.2, one document for each' })
const Tree = Type.Optional(
  Type.Boolean({ description: 'with all that have ended below it, nested' }),
)
const { filter, order } = ListQuery

/** The record as a whole: to the trash and back, for ever away, out as YAML and in again. */
export const executionRecordRoutes: readonly Route[] = [
  route({
    method: 'DELETE',
    path: '/execution/{id}',
    id: 'deleteExecution',
    summary: 'An ended one to the trash; permanently=true: for ever, with all below it',
    tag,
    params: Key,
    query: strict({ permanently: Type.Optional(Type.Boolean()) }),
    answers: { 204: null },
    async handle(context, { caller, params, query }) {
      const remove = query.permanently === true ? purgeExecution : trashExecution
      await remove(context, caller, idOf(params))
      return noContent
    },
  }),
  route({
    method: 'POST',
    path: '/execution/{id}/restore',
    id: 'restoreExecution',
    summary: 'Back from the trash',
    tag,
    params: Key,
    body: strict({}),
    bodyOptional: true,
    answers: { 200: Execution },
    async handle(context, { caller, params }) {
      const id = idOf(params)
      await restoreExecution(context, caller, id)
      return ok((await getExecution(context, caller, { id, fields: null, waitSeconds: 0 })).json)
    },
  }),
  route({
    method: 'GET',
    path: '/execution/{id}/export',
    id: 'exportExecution',
    summary: 'An ended one as YAML, for an import here or elsewhere',
    tag,
    params: Key,
    query: strict({ tree: Tree }),
    answers: { 200: Documents },
    produces: 'application/yaml',
    handle: () => ok({}),
    stream: (context, { caller, params, query }, reply) =>
      sendDocuments(
        reply,
        exportExecution(context, caller, { id: idOf(params), tree: query.tree ?? true }),
      ),
  }),
  route({
    method: 'GET',
    path: '/execution/export',
    id: 'exportExecutions',
    summary: 'All ended ones that a list would have, as YAML documents',
    tag,
    query: strict({ filter, order, tree: Tree }),
    answers: { 200: Documents },
    produces: 'application/yaml',
    handle: () => ok({}),
    stream: (context, { caller, query }, reply) =>
      sendDocuments(reply, exportExecutions(context, caller, query)),
  }),
  route({
    method: 'POST',
    path: '/execution/import',
    id: 'importExecutions',
    summary: 'Ended executions from YAML, each under a new id: all or none',
    tag,
    query: strict({
      dry_run: Type.Optional(Type.Boolean({ description: 'check it and store nothing' })),
    }),
    body: Documents,
    consumes: 'application/yaml',
    answers: {
      200: Type.Object({ count: Type.Integer() }),
      201: Type.Object({ count: Type.Integer(), ids: Type.Array(Id) }),
    },
    async handle(context, { caller, query, body, ids }) {
      const isDry = query.dry_run === true
      const made = await importExecutions(context, caller, { text: body, ids, isDry })
      return isDry ? ok({ count: made.length }) : created({ count: made.length, ids: made })
    },
  }),
]
