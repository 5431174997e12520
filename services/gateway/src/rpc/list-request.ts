import { bodyCheck } from '../http/validate.ts'
import type { ListInput } from '../operations/page-request.ts'
import { ListQuery, strict } from '../schemas/parts.ts'

/** A list as gRPC asks for it, as the operations take it. */
export function toListInput(request: {
  readonly filter?: Readonly<Record<string, unknown>> | undefined
  readonly order?: string | undefined
  readonly fields: readonly string[]
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  readonly count: boolean
}): ListInput {
  const { filter, order, limit, cursor, count } = request
  const fields = request.fields.length === 0 ? undefined : request.fields.join(',')
  check({ order, fields, limit, cursor })
  return {
    filter: filter === undefined ? undefined : JSON.stringify(filter),
    order,
    fields,
    limit,
    cursor,
    count,
  }
}

const { order, fields, limit, cursor } = ListQuery
const check = bodyCheck(strict({ order, fields, limit, cursor }))
