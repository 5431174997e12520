import { now, ServiceError } from '@millrace/runtime'
import { type Filter, listExecutions } from '@millrace/store'
import type { Caller, Context, IdSource } from '../context.ts'
import { invalid } from '../problem.ts'
import type { BulkBody } from '../schemas/execution.ts'
import { derivedId } from './request-ids.ts'
import { rerunMany } from './rerun-many.ts'
import { foreseeMany, steerMany, type SteerOutcome } from './steer-executions.ts'
import { foreseeTrash, trashMany } from './trash-execution.ts'

const MATCHES_MAX = 10_000

/** One action on many, each on its own: one that is refused stops no other. */
export async function bulkExecutions(
  context: Context,
  caller: Caller,
  body: BulkBody,
  newIds: IdSource,
): Promise<readonly SteerOutcome[]> {
  const { action } = body
  // By the execution, since what a filter matches may be others when the request is repeated.
  const request = newIds()
  const idFor = (id: string): string => derivedId(request, id)
  const ids = await idsOf(context, caller, body, idFor)
  const isDry = body.dry_run === true
  if (action === 'delete')
    return isDry ? foreseeTrash(context, caller, ids) : trashMany(context, caller, ids)
  if (action === 'rerun') return rerunMany(context, caller, { ids, idFor, isDry })
  if (isDry) return foreseeMany(context, caller, { ids, action })
  return steerMany(context, caller, { ids, action, message: body.message ?? null })
}

async function idsOf(
  context: Context,
  caller: Caller,
  body: BulkBody,
  idFor: (id: string) => string,
): Promise<readonly string[]> {
  // A filter of null is none, and no filter would be all.
  const filter = (body.filter ?? null) as Filter | null
  if ((body.ids === undefined) === (filter === null))
    throw invalid([{ pointer: '', message: 'must have exactly one of ids and filter' }])
  if (filter !== null) return matches(context, caller, filter, idFor)
  const ids = (body.ids ?? []).map((id) => id.toLowerCase())
  // Its schema sees two spellings of one id as two.
  if (new Set(ids).size < ids.length)
    throw invalid([{ pointer: '/ids', message: 'must not have the same id twice' }])
  return ids
}

/** Without what this very request has started, before a crash: that may match by now. */
async function matches(
  context: Context,
  caller: Caller,
  filter: Filter,
  idFor: (id: string) => string,
): Promise<string[]> {
  const request = { workspaceId: caller.workspaceId, filter, order: null, count: false, at: now() }
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof listExecutions>> = await listExecutions(context.api, {
      ...request,
      limit: 1_000,
      cursor,
    })
    for (const { id, extra } of page.rows) {
      const source = extra === null ? undefined : (JSON.parse(extra) as Extra)['rerun_of']
      if (typeof source !== 'string' || id !== idFor(source)) ids.push(id)
    }
    cursor = page.nextCursor
    if (ids.length > MATCHES_MAX)
      throw new ServiceError(
        'invalid',
        `The filter matches more than ${MATCHES_MAX} executions. Narrow it, such as by created_at.`,
      )
  } while (cursor !== null)
  return ids
}

type Extra = Readonly<Record<string, unknown>>
