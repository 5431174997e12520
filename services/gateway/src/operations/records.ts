import { ServiceError, toServiceError } from '@millrace/runtime'
import { listRecords, type RecordKey, type RecordRow, type RecordType } from '@millrace/store'
import type { Caller, Context, IdSource } from '../context.ts'
import { invalid, notFound } from '../problem.ts'
import { nudgeFlowLimits } from './nudge-flow-limits.ts'
import {
  type ListInput,
  pageJson,
  parseFields,
  time,
  timeOrNull,
  toListRequest,
} from './page-request.ts'
import type { RecordBody, RecordKind } from './record-kind.ts'
import { RECORD_KINDS } from './record-types.ts'
import { withWrappers } from './static-wrappers.ts'

/** Names one record: by its id, or by its name. */
export interface RecordAddress {
  readonly type: RecordType
  readonly key: string
  readonly by: 'id' | 'name'
}

/** All return the record as JSON text. Errors: `notFound`, `invalid`, `conflict` when a name is taken. */

export async function createRecord(
  context: Context,
  caller: Caller,
  request: NewRecordRequest,
): Promise<string> {
  const { id, announce } = await insertRecord(context, caller, request)
  await announce(context)
  return readRecordJson(context, caller, { type: request.type, key: id, by: 'id' })
}

interface NewRecordRequest {
  readonly type: RecordType
  readonly body: RecordBody
  readonly ids: IdSource
  /** Columns that no body names. */
  readonly more?: Readonly<Record<string, unknown>>
}

/** A change that was made. `announce`: what follows its commit; a crash between costs caches their seconds. */
export interface Written {
  readonly id: string
  readonly announce: (context: Context) => Promise<void>
}

/** The change alone, which may be part of somebody's transaction: `context.api` is what it is made with. */
export async function insertRecord(
  context: Context,
  caller: Caller,
  request: NewRecordRequest,
): Promise<Written> {
  const { type, body, more } = request
  const { workspaceId, userId: by } = caller
  const kind = kindOf(type)
  const fields = { ...(await kind.toFields(context, caller, body, null)), ...more }
  const id = request.ids()
  const wrapping = { workspaceId, type, id, wrappers: body['wrappers'] }
  const inserting = withWrappers(context.api, wrapping, async (db) => {
    await kind.store.insert(db, { workspaceId, id, by, fields })
    return true
  })
  const inserted = await inserting.then(
    () => true,
    async (error: unknown) => {
      // An earlier try with the same Idempotency-Key made it and died before it could say so.
      const row = await kind.store.read(context.api, { workspaceId, id }).catch(() => null)
      if (row === null) throw taken(error, type, body)
      return false
    },
  )
  return {
    id,
    async announce(outside) {
      if (inserted) await outside.records.changed(caller, { type, id, action: 'create' })
      await kind.changed?.(outside, { workspaceId, id })
    },
  }
}

export async function readRecordJson(
  context: Context,
  caller: Caller,
  address: RecordAddress,
  fields: readonly string[] | null = null,
): Promise<string> {
  return recordJson(address.type, await find(context, caller, address), fields)
}

export async function updateRecord(
  context: Context,
  caller: Caller,
  request: RecordAddress & { body: RecordBody },
): Promise<string> {
  const { id, announce } = await changeRecord(context, caller, request)
  await announce(context)
  return readRecordJson(context, caller, { type: request.type, key: id, by: 'id' })
}

/** As `insertRecord`: the change alone. */
export async function changeRecord(
  context: Context,
  caller: Caller,
  request: RecordAddress & { body: RecordBody },
): Promise<Written> {
  const { type, body } = request
  const kind = kindOf(type)
  const before = await find(context, caller, request)
  const { id } = before
  const patch = await kind.toFields(context, caller, body, before)
  const { workspaceId, userId: by } = caller
  const wrapping = { workspaceId, type, id, wrappers: body['wrappers'] }
  const changed = await withWrappers(context.api, wrapping, (db) =>
    kind.store.update(db, { workspaceId, id, by, patch }),
  ).catch((error: unknown) => {
    throw taken(error, type, body)
  })
  if (!changed) throw notFound(`${type} ${id}`)
  return {
    id,
    async announce(outside) {
      await outside.records.changed(caller, { type, id, action: 'update' })
      if (type === 'flow' && ('concurrency' in body || 'rate_limit' in body))
        await nudgeFlowLimits(outside, caller, id)
      await kind.changed?.(outside, { workspaceId, id })
    },
  }
}

/** To the trash, or for ever. */
export async function deleteRecord(
  context: Context,
  caller: Caller,
  request: RecordAddress & { permanently: boolean },
): Promise<void> {
  const { announce } = await removeRecord(context, caller, request)
  await announce(context)
}

/** As `insertRecord`: the change alone. */
export async function removeRecord(
  context: Context,
  caller: Caller,
  request: RecordAddress & { permanently: boolean },
): Promise<Written> {
  const { type, permanently } = request
  const kind = kindOf(type)
  const { workspaceId, userId: by } = caller
  const { id } = await find(context, caller, request, permanently)
  const done = permanently
    ? await kind.store.remove(context.api, { workspaceId, id })
    : await kind.store.trash(context.api, { workspaceId, id, by })
  if (!done) throw notFound(`${type} ${id}`)
  const action = permanently ? 'remove' : 'trash'
  return {
    id,
    async announce(outside) {
      await outside.records.changed(caller, { type, id, action })
      await kind.changed?.(outside, { workspaceId, id })
    },
  }
}

export async function restoreRecord(
  context: Context,
  caller: Caller,
  { type, key: id }: { type: RecordType; key: string },
): Promise<string> {
  const kind = kindOf(type)
  const { workspaceId, userId: by } = caller
  if (!UUID.test(id)) throw notFound(`${type} ${id} in the trash`)
  const restored = await kind.store
    .restore(context.api, { workspaceId, id, by })
    .catch((error: unknown) => {
      throw taken(error, type, {})
    })
  if (!restored) throw notFound(`${type} ${id} in the trash`)
  await context.records.changed(caller, { type, id, action: 'restore' })
  await kind.changed?.(context, { workspaceId, id })
  return readRecordJson(context, caller, { type, key: id, by: 'id' })
}

export async function listRecordsJson(
  context: Context,
  caller: Caller,
  request: ListInput & { type: RecordType; trashed: boolean },
): Promise<string> {
  const { type, trashed } = request
  const fields = parseFields(request.fields)
  const list = { ...toListRequest(caller.workspaceId, request), trashed }
  const page = await listRecords(context.api, type, list)
  return pageJson(
    page.rows.map((row) => recordJson(type, row, fields)),
    page,
  )
}

export async function find(
  context: Pick<Context, 'api'>,
  caller: Caller,
  { type, key, by }: RecordAddress,
  trashed = false,
): Promise<RecordRow> {
  const { workspaceId } = caller
  const address: RecordKey =
    by === 'name' ? { workspaceId, name: key.trim() } : { workspaceId, id: key, trashed }
  const row =
    by === 'id' && !UUID.test(key) ? null : await kindOf(type).store.read(context.api, address)
  if (row === null)
    throw notFound(
      by === 'id' && !UUID.test(key)
        ? `${type} with the id ${key}; ?by=name takes names`
        : `${type} ${key}`,
    )
  return row
}

/** Named as code does it, by id or name; null for none outside of the trash. */
export async function findNamed(
  context: Pick<Context, 'api'>,
  { workspaceId }: Caller,
  { type, key }: { type: RecordType; key: string },
): Promise<RecordRow | null> {
  const { store } = kindOf(type)
  const row = UUID.test(key) ? await store.read(context.api, { workspaceId, id: key }) : null
  return row ?? store.read(context.api, { workspaceId, name: key })
}

/** One type's ways, for a row of that type. */
export const kindOf = (type: RecordType): RecordKind => RECORD_KINDS[type] as unknown as RecordKind

/** The record as JSON text: all fields, or those that are named. */
export function recordJson(
  type: RecordType,
  row: RecordRow,
  fields: readonly string[] | null,
): string {
  const values: Record<string, string> = {
    id: JSON.stringify(row.id),
    workspace_id: JSON.stringify(row.workspace_id),
    record_type: JSON.stringify(type.toUpperCase()),
    name: JSON.stringify(row.name),
    description: JSON.stringify(row.description),
    ...kindOf(type).toJson(row),
    created_at: JSON.stringify(time(row.created_at)),
    created_by: JSON.stringify(row.created_by),
    modified_at: JSON.stringify(time(row.modified_at)),
    modified_by: JSON.stringify(row.modified_by),
    is_deleted: String(row.deleted_at !== null),
    deleted_at: JSON.stringify(timeOrNull(row.deleted_at)),
    deleted_by: JSON.stringify(row.deleted_by),
  }
  const unknown = fields?.find((field) => !Object.hasOwn(values, field))
  if (unknown !== undefined)
    throw invalid([{ pointer: '/fields', message: `names ${unknown}, which no ${type} has` }])
  const names = fields ?? Object.keys(values)
  return `{${names.map((name) => `"${name}":${values[name] ?? 'null'}`).join(',')}}`
}

function taken(error: unknown, type: RecordType, body: RecordBody): ServiceError {
  const service = toServiceError(error)
  if (service.code !== 'conflict') return service
  const name = body['name'] === undefined ? 'its name' : `the name ${JSON.stringify(body['name'])}`
  return new ServiceError(
    'conflict',
    `Another ${type} of this workspace has ${name}. Choose another one, or change that one with PATCH.`,
  )
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
