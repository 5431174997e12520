import type { Json } from '@millrace/replay'
import { ServiceError } from '@millrace/runtime'
import type { RecordRow, RecordType } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { bodyCheck, type Check } from '../http/validate.ts'
import { notFound } from '../problem.ts'
import { NEW_RECORD, RECORD_PATCH } from '../schemas/record.ts'
import { freshIds } from './request-ids.ts'
import { recordTypeOf, type WriteRequest } from './flow-records.ts'
import type { RecordBody } from './record-kind.ts'
import {
  changeRecord,
  findNamed,
  insertRecord,
  kindOf,
  recordJson,
  removeRecord,
  type Written,
} from './records.ts'

/** What a change is answered with, and what follows its commit; null: nothing has changed. */
export interface WrittenForFlow {
  readonly answer: Json
  readonly announce: Written['announce'] | null
}

/**
 * What the code of an execution asks to change, by the rules and with the errors of REST. Made with
 * `context.api`, which is a transaction: the caller commits it with its answer, or not at all.
 */
export async function writeForFlow(
  context: Context,
  caller: Caller,
  request: WriteRequest,
): Promise<WrittenForFlow> {
  const { key } = request
  if (request.type === 'user')
    throw new ServiceError('forbidden', 'Users are made and changed through the API alone.')
  const type = recordTypeOf(request.type)
  const before = await findNamed(context, caller, { type, key })
  if (request.action === 'delete') {
    if (before === null) return { answer: false, announce: null }
    const address = { type, key: before.id, by: 'id', permanently: false } as const
    const { announce } = await removeRecord(context, caller, address)
    return { answer: true, announce }
  }
  const { values } = request
  if (request.action === 'clone') {
    if (before === null) throw notFound(`${type} ${key}`)
    const body = copyOf(type, before, values)
    const more = await kindOf(type).copied?.(context, before, values)
    return create(context, caller, { type, body, ...(more !== undefined && { more }) })
  }
  if (before === null) {
    // Nobody is called like an id: what was meant is gone, or never was.
    if (UUID.test(key)) throw notFound(`${type} ${key}`)
    return create(context, caller, { type, body: { name: key, ...values } })
  }
  checkOf('update', type)(values)
  const address = { type, key: before.id, by: 'id' } as const
  const written = await changeRecord(context, caller, { ...address, body: values })
  return answered(context, caller, type, written)
}

async function create(
  context: Context,
  caller: Caller,
  request: { type: RecordType; body: RecordBody; more?: Record<string, unknown> },
): Promise<WrittenForFlow> {
  checkOf('create', request.type)(request.body)
  const written = await insertRecord(context, caller, { ...request, ids: freshIds })
  return answered(context, caller, request.type, written)
}

async function answered(
  context: Context,
  { workspaceId }: Caller,
  type: RecordType,
  { id, announce }: Written,
): Promise<WrittenForFlow> {
  const row = await kindOf(type).store.read(context.api, { workspaceId, id })
  if (row === null)
    throw new ServiceError('internal', `${type} ${id} is not there after its change`)
  return { answer: { id, name: row.name }, announce }
}

/** The body that makes another one like it: of what it shows whatever a body may hold. */
function copyOf(type: RecordType, row: RecordRow, values: RecordBody): RecordBody {
  const kind = kindOf(type)
  const shown =
    kind.toCopy?.(row, values) ?? (JSON.parse(recordJson(type, row, null)) as RecordBody)
  const known = Object.keys(fieldsOf(type) ?? shown)
  const copy = Object.fromEntries(
    known.flatMap((name) => {
      const value = shown[name]
      // A name goes without the id that says the same, and an id without the name that was given.
      const idName = name.endsWith('_name') ? name.replace(/_name$/, '_id') : null
      const givenName = name.endsWith('_id') ? name.replace(/_id$/, '_name') : null
      if (value === undefined || value === null) return []
      if (idName !== null && typeof shown[idName] === 'string') return []
      if (givenName !== null && givenName in values) return []
      return [[name, value]]
    }),
  )
  return { ...copy, name: `${row.name} copy`, ...values }
}

/** Null: its package checks its fields by itself. */
function fieldsOf(type: RecordType): object | null {
  const schema: object = NEW_RECORD[type]
  return 'properties' in schema && typeof schema.properties === 'object' ? schema.properties : null
}

/** Compiled when first asked for: not every gateway has flows that write records. */
function checkOf(what: 'create' | 'update', type: RecordType): Check {
  const id = `${what} ${type}`
  const check = checks.get(id) ?? bodyCheck((what === 'create' ? NEW_RECORD : RECORD_PATCH)[type])
  checks.set(id, check)
  return check
}
const checks = new Map<string, Check>()

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
