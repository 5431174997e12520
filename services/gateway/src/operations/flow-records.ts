import type { Json, RecordRequest } from '@millrace/replay'
import { now, ServiceError } from '@millrace/runtime'
import {
  type Filter,
  listExecutionIds,
  listMessageIds,
  listRecordIds,
  listUsers,
  readExecutionRecord,
  readUserByName,
  type RecordType,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { invalid, notFound } from '../problem.ts'
import { getUser } from './people.ts'
import { RECORD_KINDS } from './record-types.ts'
import { findNamed, recordJson } from './records.ts'

/** A request that changes nothing. */
export type ReadRequest = Extract<RecordRequest, { readonly action: 'exists' | 'read' | 'list' }>
export type WriteRequest = Exclude<RecordRequest, ReadRequest>

export const isRead = (request: RecordRequest): request is ReadRequest =>
  request.action === 'exists' || request.action === 'read' || request.action === 'list'

/**
 * What the code of an execution asks to see of records, in the name of its caller: what REST shows.
 * Errors: `notFound`, `invalid`.
 */
export async function readForFlow(
  context: Context,
  caller: Caller,
  request: ReadRequest,
): Promise<Json> {
  switch (request.action) {
    case 'list':
      return idsOf(context, caller, request)
    case 'exists':
      return exists(context, caller, request)
    case 'read':
      return read(context, caller, request)
  }
}

/** Throws `invalid` for what is no type of records. */
export function recordTypeOf(type: string): RecordType {
  if (Object.hasOwn(RECORD_KINDS, type)) return type as RecordType
  throw invalid([{ pointer: '/type', message: `names no records: ${JSON.stringify(type)}` }])
}

async function exists(
  context: Context,
  caller: Caller,
  { type, key }: Extract<ReadRequest, { readonly action: 'exists' }>,
): Promise<boolean> {
  if (type === 'user') return (await findUser(context, caller, key)) !== null
  if (type !== 'execution')
    return (await findNamed(context, caller, { type: recordTypeOf(type), key })) !== null
  const { workspaceId } = caller
  return (
    UUID.test(key) && (await readExecutionRecord(context.api, { workspaceId, id: key })) !== null
  )
}

async function read(
  context: Context,
  caller: Caller,
  { type, key, fields }: Extract<ReadRequest, { readonly action: 'read' }>,
): Promise<Json> {
  if (type === 'user') {
    const user = await findUser(context, caller, key)
    if (user === null) throw notFound(`user ${key}`)
    return picked(user, fields)
  }
  const known = recordTypeOf(type)
  const row = await findNamed(context, caller, { type: known, key })
  if (row === null) throw notFound(`${type} ${key}`)
  return JSON.parse(recordJson(known, row, fields)) as Json
}

async function idsOf(
  context: Context,
  { workspaceId }: Caller,
  { type, filter, order, limit }: Extract<ReadRequest, { readonly action: 'list' }>,
): Promise<Json> {
  if (limit !== null && limit > LIST_MAX)
    throw invalid([{ pointer: '/limit', message: `must be at most ${LIST_MAX}` }])
  const wanted = {
    workspaceId,
    // Whatever it is: a filter says what is wrong with it.
    filter: filter as Filter | null,
    order,
    limit: limit ?? LIST_MAX + 1,
  }
  const ids = await list()
  if (ids.length <= LIST_MAX) return ids
  const message = `is missing, and there are more than ${LIST_MAX} ${type}s: filter them, or give a limit`
  throw invalid([{ pointer: '/limit', message }])

  async function list(): Promise<string[]> {
    if (type === 'execution') return listExecutionIds(context.api, { ...wanted, at: now() })
    if (type === 'message') return listMessageIds(context.api, wanted)
    if (type !== 'user') return listRecordIds(context.api, recordTypeOf(type), wanted)
    if (filter !== null || order !== null)
      throw invalid([{ pointer: '/filter', message: 'goes with other types: users come by name' }])
    const users = await listUsers(context.api, {
      workspaceId,
      afterName: null,
      limit: wanted.limit,
    })
    return users.map(({ id }) => id)
  }
}

async function findUser(
  context: Context,
  caller: Caller,
  key: string,
): Promise<Readonly<Record<string, Json>> | null> {
  let id = key
  if (!UUID.test(key)) {
    const named = await readUserByName(context.api, key)
    if (named === null || named.workspace_id !== caller.workspaceId) return null
    id = named.id
  }
  const user = await getUser(context, caller, id).catch((error: unknown) => {
    if (error instanceof ServiceError && error.code === 'notFound') return null
    throw error
  })
  return user as Readonly<Record<string, Json>> | null
}

function picked(user: Readonly<Record<string, Json>>, fields: readonly string[] | null): Json {
  const unknown = fields?.find((field) => !Object.hasOwn(user, field))
  if (unknown !== undefined)
    throw invalid([{ pointer: '/fields', message: `names ${unknown}, which no user has` }])
  return Object.fromEntries((fields ?? Object.keys(user)).map((name) => [name, user[name] ?? null]))
}

/** As many as a bulk action takes; each is a UUID in the history of whoever asked. */
const LIST_MAX = 10_000
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
