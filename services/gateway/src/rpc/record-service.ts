import type { GrpcImplementation } from '@millrace/runtime/grpc'
import type { RecordType } from '@millrace/store'
import type { pb, recordService } from '@millrace/wire'
import type { Context } from '../context.ts'
import { bodyCheck, type Check } from '../http/validate.ts'
import {
  createRecord,
  deleteRecord,
  listRecordsJson,
  readRecordJson,
  updateRecord,
} from '../operations/records.ts'
import { inspectFlowLimits } from '../operations/flow-limits.ts'
import { invalid } from '../problem.ts'
import { NEW_RECORD, RECORD_PATCH } from '../schemas/record.ts'
import { callerOf } from './caller.ts'
import { toDate } from './execution-message.ts'
import { maybeIdempotently } from './idempotent.ts'
import { toListInput } from './list-request.ts'

/** Records over gRPC: the same operations and the same schemas as over HTTP. */
export function recordRpc(context: Context): GrpcImplementation<typeof recordService> {
  return {
    async create({ type: name, values, idempotencyKey: key }, call) {
      const caller = await callerOf(context, call)
      const type = typeOf(name)
      const body = values ?? {}
      CREATE_CHECKS[type](body)
      const request = { type, body }
      const json = await maybeIdempotently(
        context,
        caller,
        { key, method: 'record.create', request },
        (ids) => createRecord(context, caller, { type, body, ids }),
      )
      return { record: toRecord(type, json) }
    },
    async get({ type: name, key }, call) {
      const caller = await callerOf(context, call)
      const type = typeOf(name)
      if (key === undefined) throw invalid([{ pointer: '', message: 'must have id or name' }])
      const by = key.$case
      return {
        record: toRecord(type, await readRecordJson(context, caller, { type, key: key.value, by })),
      }
    },
    async list(request, call) {
      const caller = await callerOf(context, call)
      const type = typeOf(request.type)
      const input = { ...toListInput(request), fields: undefined, type, trashed: false }
      const page = JSON.parse(await listRecordsJson(context, caller, input)) as PageJson
      return {
        items: page.items.map((item) => toRecord(type, JSON.stringify(item))),
        nextCursor: page.next_cursor ?? undefined,
        total: page.total === undefined ? undefined : BigInt(page.total),
        asOf: page.as_of,
      }
    },
    async update({ type: name, id, values }, call) {
      const caller = await callerOf(context, call)
      const type = typeOf(name)
      const body = values ?? {}
      UPDATE_CHECKS[type](body)
      const json = await updateRecord(context, caller, { type, key: id, by: 'id', body })
      return { record: toRecord(type, json) }
    },
    async delete({ type: name, id, permanently }, call) {
      const caller = await callerOf(context, call)
      await deleteRecord(context, caller, { type: typeOf(name), key: id, by: 'id', permanently })
      return {}
    },
    async flowLimits({ key }, call) {
      const caller = await callerOf(context, call)
      if (key === undefined) throw invalid([{ pointer: '', message: 'must have id or name' }])
      const found = await inspectFlowLimits(context, caller, { key: key.value, by: key.$case })
      return {
        flowId: found.flow_id,
        limits: found.items.map((one) => ({
          kind: one.kind,
          value: one.value,
          limit: one.limit,
          holders: one.holders.map((holder) => ({
            executionId: holder.execution_id,
            name: holder.name ?? undefined,
            since: toDate(holder.since),
            until: toDate(holder.until),
          })),
          waiters: one.waiters.map((waiter) => ({
            executionId: waiter.execution_id,
            name: waiter.name ?? undefined,
            position: waiter.position,
            since: toDate(waiter.since),
          })),
          holderCount: one.holder_count,
          waiterCount: one.waiter_count,
        })),
      }
    },
  }
}

export function toRecord(type: RecordType, json: string): pb.Record {
  const values = JSON.parse(json) as { id: string; name: string | null }
  return { type, id: values.id, name: values.name ?? undefined, values: { ...values } }
}

function typeOf(name: string): RecordType {
  if (Object.hasOwn(NEW_RECORD, name)) return name as RecordType
  throw invalid([
    { pointer: '/type', message: `must be one of ${Object.keys(NEW_RECORD).join(', ')}` },
  ])
}

const CREATE_CHECKS: Readonly<Record<RecordType, Check>> = {
  flow: bodyCheck(NEW_RECORD.flow),
  setting: bodyCheck(NEW_RECORD.setting),
  connector: bodyCheck(NEW_RECORD.connector),
  project: bodyCheck(NEW_RECORD.project),
  scheduler: bodyCheck(NEW_RECORD.scheduler),
  schedule: bodyCheck(NEW_RECORD.schedule),
  webhook: bodyCheck(NEW_RECORD.webhook),
  file: bodyCheck(NEW_RECORD.file),
  wrapper: bodyCheck(NEW_RECORD.wrapper),
}

const UPDATE_CHECKS: Readonly<Record<RecordType, Check>> = {
  flow: bodyCheck(RECORD_PATCH.flow),
  setting: bodyCheck(RECORD_PATCH.setting),
  connector: bodyCheck(RECORD_PATCH.connector),
  project: bodyCheck(RECORD_PATCH.project),
  scheduler: bodyCheck(RECORD_PATCH.scheduler),
  schedule: bodyCheck(RECORD_PATCH.schedule),
  webhook: bodyCheck(RECORD_PATCH.webhook),
  file: bodyCheck(RECORD_PATCH.file),
  wrapper: bodyCheck(RECORD_PATCH.wrapper),
}

interface PageJson {
  readonly items: readonly object[]
  readonly next_cursor: string | null
  readonly total?: number
  readonly as_of: string
}
