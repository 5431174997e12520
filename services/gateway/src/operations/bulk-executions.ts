import { now, ServiceError } from '@millrace/runtime'
import { type Filter, listExecutions } from '@millrace/store'
import type { Caller, Context, IdSource } from '../context.ts'
import { invalid } from '../problem.ts'
import type { BulkBody } from '../schemas/execution.ts'
import { freshIds } from './create-execution.ts'
import { rerunMany } from './rerun-many.ts'
import { foreseeMany, steerMany, type SteerOutcome } from './steer-executions.ts'
import { foreseeTrash, trashMany } from './trash-execution.ts'

const MATCHES_MAX = 10_000

/** One action on many, each on its own: one that is refused stops no other. */
export async function bulkExecutions(
  context: Context,
  caller: Caller,
  body: BulkBody,
  newIds: IdSource = freshIds,
): Promise<readonly SteerOutcome[]> {
  const { action } = body
  // A filter of null is none, and no filter would be all.
  const filter = (body.filter ?? null) as Filter | null
  if ((body.ids === undefined) === (filter === null))
    throw invalid([{ pointer: '', message: 'must have exactly one of ids and filter' }])
  const ids =
    filter === null
      ? (body.ids ?? []).map((id) => id.toLowerCase())
      : await matches(context, caller, filter)
  const isDry = body.dry_run === true
  if (action === 'delete')
    return isDry ? foreseeTrash(context, caller, ids) : trashMany(context, caller, ids)
  if (action === 'rerun') {
    // What a filter matches may be others when the request is repeated.
    const source = body.ids === undefined ? freshIds : newIds
    return rerunMany(context, caller, { ids, newIds: source, isDry })
  }
  if (isDry) return foreseeMany(context, caller, { ids, action })
  return steerMany(context, caller, { ids, action, message: body.message ?? null })
}

async function matches(context: Context, caller: Caller, filter: Filter): Promise<string[]> {
  const request = { workspaceId: caller.workspaceId, filter, order: null, count: false, at: now() }
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof listExecutions>> = await listExecutions(context.api, {
      ...request,
      limit: 1_000,
      cursor,
    })
    ids.push(...page.rows.map((row) => row.id))
    cursor = page.nextCursor
    if (ids.length > MATCHES_MAX)
      throw new ServiceError(
        'invalid',
        `The filter matches more than ${MATCHES_MAX} executions. Narrow it, such as by created_at.`,
      )
  } while (cursor !== null)
  return ids
}
