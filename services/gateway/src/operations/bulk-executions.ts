import { now, ServiceError } from '@millrace/runtime'
import { type Filter, listExecutions } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { invalid, toProblem } from '../problem.ts'
import type { BulkBody } from '../schemas/execution.ts'
import { moveExecution } from './move-execution.ts'
import { trashExecution } from './trash-execution.ts'

/** What became of one execution; `status` is the HTTP status that it would have had alone. */
export interface BulkOutcome {
  readonly id: string
  readonly status: number
  readonly detail: string | null
}

const AT_ONCE = 16
const MATCHES_MAX = 10_000

/** One action on many, each on its own: one that is refused stops no other. */
export async function bulkExecutions(
  context: Context,
  caller: Caller,
  body: BulkBody,
): Promise<readonly BulkOutcome[]> {
  const { action } = body
  if (action === 'rerun')
    throw invalid([{ pointer: '/action', message: `${action} is not available yet` }])
  if ((body.ids === undefined) === (body.filter === undefined))
    throw invalid([{ pointer: '', message: 'must have exactly one of ids and filter' }])
  const ids = body.ids ?? (await matches(context, caller, body.filter as Filter))
  if (body.dry_run === true)
    return ids.map((id) => ({ id, status: 200, detail: 'would be touched' }))

  const outcomes: BulkOutcome[] = []
  const rest = [...ids.entries()].toReversed()
  const work = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop())
      outcomes[next[0]] = await one(next[1])
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work))
  return outcomes

  async function one(id: string): Promise<BulkOutcome> {
    try {
      if (action === 'delete') {
        await trashExecution(context, caller, id)
        return { id, status: 200, detail: null }
      }
      const { moved } = await moveExecution(context, caller, { id, action: action as 'cancel' })
      return { id, status: 200, detail: moved ? null : 'was so already' }
    } catch (error) {
      const { status, detail } = toProblem(error, '')
      return { id, status, detail }
    }
  }
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
