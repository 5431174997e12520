import type { RecordType } from '@millrace/store'
import { Type } from 'typebox'
import {
  createRecord,
  deleteRecord,
  listRecordsJson,
  readRecordJson,
  restoreRecord,
  updateRecord,
} from '../operations/records.ts'
import { inspectFlowLimits } from '../operations/flow-limits.ts'
import { parseFields } from '../operations/page-request.ts'
import { forceRelease, inspectSettingLock } from '../operations/setting-lock.ts'
import { ByQuery, Json, ListQuery, page, strict } from '../schemas/parts.ts'
import { ForceRelease, NEW_RECORD, RECORD_DOCUMENTS, RECORD_PATCH } from '../schemas/record.ts'
import { created, noContent, ok, type Route, route } from './route.ts'

const Key = strict({
  key: Type.String({ maxLength: 512, description: 'an id; with by=name a name' }),
})
const By = strict({ ...ByQuery, fields: Type.Optional(Type.String({ maxLength: 4_096 })) })

/** The same six operations for every type of record. */
function routesOf(type: RecordType): readonly Route[] {
  const documents = type === 'webhook' ? RECORD_DOCUMENTS[type] : null
  const Title = `${type.charAt(0).toUpperCase()}${type.slice(1)}`
  return [
    route({
      method: 'POST',
      path: `/${type}`,
      id: `create${Title}`,
      summary: `Create a ${type}`,
      tag: type,
      body: NEW_RECORD[type],
      ...(documents !== null && { bodyDocument: documents.create }),
      answers: { 201: Json },
      handle: async (context, { caller, body, ids }) =>
        created(await createRecord(context, caller, { type, body, ids })),
    }),
    route({
      method: 'GET',
      path: `/${type}`,
      id: `list${Title}s`,
      summary: `All ${type}s, by name`,
      tag: type,
      query: strict({
        ...ListQuery,
        trashed: Type.Optional(Type.Boolean({ description: 'those in the trash instead' })),
      }),
      answers: { 200: page(Json) },
      async handle(context, { caller, query }) {
        const request = { ...query, type, trashed: query.trashed ?? false }
        return ok(await listRecordsJson(context, caller, request))
      },
    }),
    route({
      method: 'GET',
      path: `/${type}/{key}`,
      id: `get${Title}`,
      summary: `One ${type}`,
      tag: type,
      params: Key,
      query: By,
      answers: { 200: Json },
      async handle(context, { caller, params, query }) {
        const address = { type, key: params.key, by: query.by ?? 'id' } as const
        return ok(await readRecordJson(context, caller, address, parseFields(query.fields)))
      },
    }),
    route({
      method: 'PATCH',
      path: `/${type}/{key}`,
      id: `update${Title}`,
      summary: `Change the fields that are given`,
      tag: type,
      params: Key,
      query: By,
      body: RECORD_PATCH[type],
      ...(documents !== null && { bodyDocument: documents.update }),
      answers: { 200: Json },
      async handle(context, { caller, params, query, body }) {
        const address = { type, key: params.key, by: query.by ?? 'id' } as const
        return ok(await updateRecord(context, caller, { ...address, body }))
      },
    }),
    route({
      method: 'DELETE',
      path: `/${type}/{key}`,
      id: `delete${Title}`,
      summary: `To the trash; permanently=true: for ever`,
      tag: type,
      params: Key,
      query: strict({ ...ByQuery, permanently: Type.Optional(Type.Boolean()) }),
      answers: { 204: null },
      async handle(context, { caller, params, query }) {
        const address = { type, key: params.key, by: query.by ?? 'id' } as const
        const permanently = query.permanently ?? false
        await deleteRecord(context, caller, { ...address, permanently })
        return noContent
      },
    }),
    route({
      method: 'POST',
      path: `/${type}/{key}/restore`,
      id: `restore${Title}`,
      summary: `Back from the trash`,
      tag: type,
      params: Key,
      body: strict({}),
      bodyOptional: true,
      answers: { 200: Json },
      handle: async (context, { caller, params }) =>
        ok(await restoreRecord(context, caller, { type, key: params.key })),
    }),
  ]
}

const lockRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/flow/{key}/limit',
    id: 'inspectFlowLimits',
    summary: 'Who has a place in a limited flow, and who waits for one in which order',
    tag: 'flow',
    params: Key,
    query: strict(ByQuery),
    answers: { 200: Json },
    handle: async (context, { caller, params, query }) =>
      ok(await inspectFlowLimits(context, caller, { key: params.key, by: query.by ?? 'id' })),
  }),
  route({
    method: 'GET',
    path: '/setting/{key}/lock',
    id: 'inspectLock',
    summary: 'Who holds its lock, and who waits in which order',
    tag: 'setting',
    params: Key,
    query: strict(ByQuery),
    answers: { 200: Json },
    async handle(context, { caller, params, query }) {
      const address = { type: 'setting', key: params.key, by: query.by ?? 'id' } as const
      return ok(await inspectSettingLock(context, caller, address))
    },
  }),
  route({
    method: 'POST',
    path: '/setting/{key}/lock/release',
    id: 'releaseLock',
    summary: 'Take the lock from its holder, who is fenced from then on; audited',
    tag: 'setting',
    params: Key,
    query: strict(ByQuery),
    body: ForceRelease,
    answers: { 200: Json },
    async handle(context, { caller, params, query, body }) {
      const address = { type: 'setting', key: params.key, by: query.by ?? 'id' } as const
      const request = {
        ...address,
        executionId: body.execution_id ?? null,
        reason: body.reason ?? '',
      }
      return ok(await forceRelease(context, caller, request))
    },
  }),
]

export const recordRoutes: readonly Route[] = [
  ...routesOf('flow'),
  ...routesOf('setting'),
  ...routesOf('connector'),
  ...routesOf('project'),
  ...routesOf('scheduler'),
  ...routesOf('schedule'),
  ...routesOf('webhook'),
  ...routesOf('file'),
  ...routesOf('wrapper'),
  ...lockRoutes,
]
