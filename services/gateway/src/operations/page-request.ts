import type { Filter, ListRequest } from '@millrace/store'
import type { Page } from '@millrace/store'
import { now } from '@millrace/runtime'
import { invalid } from '../problem.ts'

/** The part of a list's query that all lists share, as it comes in. */
export interface ListInput {
  readonly filter?: string | undefined
  readonly order?: string | undefined
  readonly fields?: string | undefined
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  readonly count?: boolean | undefined
}

/** The same, read. */
export function toListRequest(workspaceId: string, input: ListInput): ListRequest {
  return {
    workspaceId,
    filter: parseFilter(input.filter),
    order: input.order === undefined || input.order === '' ? null : input.order,
    limit: input.limit ?? 50,
    cursor: input.cursor === undefined || input.cursor === '' ? null : input.cursor,
    count: input.count ?? false,
  }
}

export function parseFilter(text: string | undefined): Filter | null {
  if (text === undefined || text === '') return null
  try {
    return JSON.parse(text) as Filter
  } catch {
    throw invalid([{ pointer: '/filter', message: 'is not JSON; encode it for the URL' }])
  }
}

export const parseFields = (text: string | undefined): readonly string[] | null =>
  text === undefined || text === '' ? null : text.split(',').map((field) => field.trim())

/** A page as JSON text, from items that are JSON texts already. */
export function pageJson(items: readonly string[], page: Omit<Page<unknown>, 'rows'>): string {
  const total =
    page.total === null
      ? ''
      : `,"total":${page.total}${page.isTotalExact ? '' : ',"total_is_exact":false'}`
  const cursor = JSON.stringify(page.nextCursor)
  return `{"items":[${items.join(',')}],"next_cursor":${cursor}${total},"as_of":"${time(now())}"}`
}

/** RFC 3339 of ms since 1970. */
export const time = (ms: number): string => new Date(ms).toISOString()

export const timeOrNull = (ms: number | null): string | null => (ms === null ? null : time(ms))
