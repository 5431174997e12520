import type { ListInput } from '../operations/page-request.ts'
import { invalid } from '../problem.ts'

/** A list as gRPC asks for it, as the operations take it. */
export function toListInput(request: {
  readonly filter?: Readonly<Record<string, unknown>> | undefined
  readonly order?: string | undefined
  readonly fields: readonly string[]
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  readonly count: boolean
}): ListInput {
  const { filter, order, fields, limit, cursor, count } = request
  if (limit !== undefined && (limit < 1 || limit > 1_000))
    throw invalid([{ pointer: '/limit', message: 'must be 1 to 1000' }])
  return {
    filter: filter === undefined ? undefined : JSON.stringify(filter),
    order,
    fields: fields.length === 0 ? undefined : fields.join(','),
    limit,
    cursor,
    count,
  }
}
