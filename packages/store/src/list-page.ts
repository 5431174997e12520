import { sha256Hex } from '@millrace/runtime'
import type { Queryable } from './database.ts'
import {
  createParams,
  type Field,
  type Fields,
  type Filter,
  fieldNames,
  filterToSql,
  findField,
  type Params,
  refuse,
} from './list-filter.ts'

/** What a caller may ask of any list. */
export interface ListRequest {
  readonly workspaceId: string
  readonly filter: Filter | null
  /** `-created_at,name`; null: the list's own. */
  readonly order: string | null
  readonly limit: number
  readonly cursor: string | null
  readonly count: boolean
}

export interface Page<Row> {
  readonly rows: Row[]
  readonly nextCursor: string | null
  /** Null unless asked for. */
  readonly total: number | null
  /** False where there are more than were counted. */
  readonly isTotalExact: boolean
}

/** A list: where its rows come from and what may be asked of them. */
export interface ListSource {
  readonly name: string
  /** Ends in a WHERE clause with the workspace as $1. */
  readonly select: string
  readonly count: string
  /** Counting ends here: what is larger is "more than that". Null: it does not end. */
  readonly countMax?: number
  /** The unique column that makes every order total. */
  readonly id: string
  readonly fields: Fields
  readonly defaultOrder: string
  /** Fixed conditions, such as "not in the trash", or bounds of a tree. */
  readonly where?: (params: Params) => string[]
}

/**
 * One page, by keyset: the cursor holds the sort values of the last row, so page 10,000 costs as much
 * as page 1. A cursor is bound to the filter and order that it came from.
 */
export async function readPage<Row extends object>(
  db: Queryable,
  source: ListSource,
  request: ListRequest,
): Promise<Page<Row>> {
  const keys = parseOrder(request.order ?? source.defaultOrder, source)
  const conditions = (params: Params): string[] => [
    ...(source.where?.(params) ?? []),
    ...(request.filter === null ? [] : [filterToSql(request.filter, source.fields, params)]),
  ]
  const bound = sha256Hex(
    JSON.stringify([source.name, request.workspaceId, request.filter, keys]),
  ).slice(0, 16)

  const params = createParams([request.workspaceId])
  const where = conditions(params)
  if (request.cursor !== null) {
    const after = parseCursor(request.cursor, bound, keys.length)
    where.push(afterCursor(keys, after, params))
  }
  const text = [
    withKeys(source.select, keys),
    ...where.map((condition) => `AND ${condition}`),
    orderBy(keys),
    `LIMIT ${params.add(request.limit + 1)}`,
  ].join('\n')
  // Unnamed: filters have no end, and each name would keep a plan on every connection.
  const rows = await db.query<Row & { sort_keys: string }>({ name: '', text }, params.values)

  const page = rows.slice(0, request.limit)
  const last = page.at(-1)
  const more = rows.length > request.limit && last !== undefined
  const total = request.count ? await countRows(db, source, request, conditions) : null
  const countMax = source.countMax ?? Infinity
  return {
    rows: page,
    nextCursor: more ? makeCursor(bound, last.sort_keys) : null,
    total: total === null ? null : Math.min(total, countMax),
    isTotalExact: total === null || total <= countMax,
  }
}

/** What a list of ids is asked for. */
export type IdsRequest = Pick<ListRequest, 'workspaceId' | 'filter' | 'order' | 'limit'>

/** The ids of what matches, in order, as of one moment; at most `limit`. */
export async function readIds(
  db: Queryable,
  source: Omit<ListSource, 'name' | 'select'>,
  request: IdsRequest,
): Promise<string[]> {
  const { workspaceId, filter, order, limit } = request
  const keys = parseOrder(order ?? source.defaultOrder, source)
  const params = createParams([workspaceId])
  const where = [
    ...(source.where?.(params) ?? []),
    ...(filter === null ? [] : [filterToSql(filter, source.fields, params)]),
  ]
  const text = [
    source.count.replace('count(*) AS total', `${source.id} AS id`),
    ...where.map((condition) => `AND ${condition}`),
    orderBy(keys),
    `LIMIT ${params.add(limit)}`,
  ].join('\n')
  const rows = await db.query<{ id: string }>({ name: '', text }, params.values)
  return rows.map(({ id }) => id)
}

async function countRows(
  db: Queryable,
  source: ListSource,
  request: ListRequest,
  conditions: (params: Params) => string[],
): Promise<number> {
  const params = createParams([request.workspaceId])
  const where = conditions(params).map((condition) => `AND ${condition}`)
  const text =
    source.countMax === undefined
      ? [source.count, ...where].join('\n')
      : [
          `SELECT count(*) AS total FROM (`,
          source.count.replace('count(*) AS total', '1'),
          ...where,
          `LIMIT ${source.countMax + 1}) AS counted`,
        ].join('\n')
  const rows = await db.query<{ total: number }>({ name: '', text }, params.values)
  return rows[0]?.total ?? 0
}

interface SortKey {
  /** Never null, so that the keyset comparison is total. */
  readonly sql: string
  readonly cast: string
  readonly descending: boolean
  readonly field: string
}

const orderBy = (keys: readonly SortKey[]): string =>
  `ORDER BY ${keys.map((key) => `${key.sql} ${key.descending ? 'DESC' : 'ASC'}`).join(', ')}`

function parseOrder(order: string, source: Pick<ListSource, 'fields' | 'id'>): SortKey[] {
  const keys: SortKey[] = []
  for (const part of order.split(',')) {
    const descending = part.startsWith('-')
    const name = descending ? part.slice(1) : part
    const field = findField(source.fields, name)
    if (field === null || field.via !== undefined || name.includes('.'))
      throw refuse('/order', `cannot sort by ${name}; known are ${fieldNames(source.fields)}`)
    const by = field.sortSql ?? field
    keys.push({ ...notNull(by), descending, field: name })
    if (by.sql === source.id) return keys
  }
  if (keys.length > 4) throw refuse('/order', 'has at most 4 fields')
  const descending = keys.at(-1)?.descending ?? false
  return [...keys, { sql: source.id, cast: 'uuid', descending, field: 'id' }]
}

/** The fields that an order sorts by. */
export const orderFields = (order: string): string[] =>
  order.split(',').map((part) => part.replace(/^-/, ''))

function notNull(field: Pick<Field, 'sql' | 'type'>): { sql: string; cast: string } {
  switch (field.type) {
    case 'text':
      return { sql: `coalesce(${field.sql}, '')`, cast: 'text' }
    case 'uuid':
      return { sql: field.sql, cast: 'uuid' }
    case 'time':
      return { sql: `coalesce(${field.sql}, 'infinity')`, cast: 'timestamptz' }
    case 'integer':
    case 'number':
      return { sql: `coalesce(${field.sql}, 'infinity'::float8)`, cast: 'float8' }
    case 'boolean':
      return { sql: `coalesce(${field.sql}, false)`, cast: 'boolean' }
  }
}

function withKeys(select: string, keys: readonly SortKey[]): string {
  const column = `json_build_array(${keys.map((key) => `(${key.sql})::text`).join(', ')})::text AS sort_keys,`
  return select.replace(/\bSELECT\b/, `SELECT ${column}`)
}

/** (a, b, c) after the cursor, where each may have a direction of its own. */
function afterCursor(keys: readonly SortKey[], after: readonly string[], params: Params): string {
  const values = keys.map((key, index) => `${params.add(after[index])}::${key.cast}`)
  const same = keys.every((key) => key.descending === keys[0]?.descending)
  if (same) {
    // A row comparison is what an index on these columns can start from.
    const row = keys.map((key) => key.sql).join(', ')
    return `(${row}) ${keys[0]?.descending ? '<' : '>'} (${values.join(', ')})`
  }
  const steps = keys.map((key, index) => {
    const before = keys.slice(0, index).map((earlier, at) => `${earlier.sql} = ${values[at]}`)
    return `(${[...before, `${key.sql} ${key.descending ? '<' : '>'} ${values[index]}`].join(' AND ')})`
  })
  return `(${steps.join(' OR ')})`
}

/** `keys` is the JSON array that Postgres made of the sort values. */
const makeCursor = (bound: string, keys: string): string =>
  Buffer.from(`${bound}${keys}`).toString('base64url')

function parseCursor(cursor: string, bound: string, length: number): string[] {
  const text = Buffer.from(cursor, 'base64url').toString()
  if (!text.startsWith(bound))
    throw refuse('/cursor', 'belongs to another filter or order; begin without a cursor')
  const values = parseKeys(text.slice(bound.length))
  if (values === null || values.length !== length)
    throw refuse('/cursor', 'is damaged; begin without a cursor')
  return values
}

function parseKeys(text: string): string[] | null {
  try {
    const values: unknown = JSON.parse(text)
    return Array.isArray(values) && values.every((value) => typeof value === 'string')
      ? values
      : null
  } catch {
    return null
  }
}
