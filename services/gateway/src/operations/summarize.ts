import { now } from '@millrace/runtime'
import { type SummaryGroup, summarizeExecutions } from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { parseFilter, time } from './page-request.ts'

/** Ended ones are counted from here on, unless the caller says otherwise. */
const DEFAULT_WINDOW_MS = 24 * 3_600_000

export async function getSummary(
  context: Context,
  caller: Caller,
  request: { groupBy: string; filter?: string | undefined; since?: string | undefined },
): Promise<object> {
  const at = now()
  const since = request.since === undefined ? at - DEFAULT_WINDOW_MS : Date.parse(request.since)
  const groups = await summarizeExecutions(context.api, {
    workspaceId: caller.workspaceId,
    groupBy: request.groupBy as SummaryGroup,
    filter: parseFilter(request.filter),
    since,
  })
  return {
    group_by: request.groupBy,
    since: time(since),
    groups: groups.map(({ group, count }) => ({ [request.groupBy]: group, count })),
    total: groups.reduce((sum, { count }) => sum + count, 0),
    as_of: time(at),
  }
}
