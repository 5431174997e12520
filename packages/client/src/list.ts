import type { Query } from './query.ts'
import type { Transport } from './transport.ts'

/** A filter as the API takes it. */
export type Filter =
  | { readonly field: string; readonly op: FilterOp; readonly value?: unknown }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }

export type FilterOp = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'like' | 'ilike' | 'in' | 'is_null'

export interface ListOptions {
  readonly filter?: Filter | undefined
  /** `-created_at,name` */
  readonly order?: string | undefined
  readonly fields?: readonly string[] | undefined
  /** Records per page; 50 by default, 1,000 at most. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  /** Adds `total`, exact up to 100,000. */
  readonly count?: boolean | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly next_cursor: string | null
  readonly total?: number
  /** False where there are more than `total`. */
  readonly total_is_exact?: boolean
}

export async function listPage<T>(
  transport: Transport,
  path: string,
  options: ListOptions = {},
  more: Query = {},
): Promise<Page<T>> {
  const answer = await transport.send({
    method: 'GET',
    path,
    query: { ...toQuery(options), ...more },
  })
  return answer.body as Page<T>
}

/** All records of a list, page by page. Stop reading to stop fetching. */
export async function* iteratePages<T>(
  fetchPage: (options: ListOptions) => Promise<Page<T>>,
  options: ListOptions = {},
): AsyncGenerator<T> {
  let cursor = options.cursor
  for (;;) {
    const page = await fetchPage({ ...options, cursor })
    yield* page.items
    if (page.next_cursor === null || page.next_cursor === undefined) return
    cursor = page.next_cursor
  }
}

function toQuery(options: ListOptions): Query {
  return {
    filter: options.filter === undefined ? undefined : JSON.stringify(options.filter),
    order: options.order,
    fields: options.fields?.join(','),
    limit: options.limit,
    cursor: options.cursor,
    count: options.count,
  }
}
