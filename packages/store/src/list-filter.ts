import { ServiceError } from '@millrace/runtime'

/**
 * A filter as the API takes it: `{field, op, value}`, nested with `and`, `or`, `not`. It becomes SQL
 * over a closed table of fields; every value is a parameter.
 */
export type Filter =
  | { readonly field: string; readonly op: FilterOp; readonly value?: unknown }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }

export const FILTER_OPS = [
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'like',
  'ilike',
  'in',
  'is_null',
] as const
export type FilterOp = (typeof FILTER_OPS)[number]

export type FieldType = 'text' | 'uuid' | 'time' | 'integer' | 'number' | 'boolean'

/** A field that may be filtered by, and how it reads in SQL. */
export interface Field {
  readonly sql: string
  readonly type: FieldType
  /** Wraps the condition on `sql`, for fields of another table. Given op. */
  readonly via?: (condition: string, op: FilterOp) => string
  /** Whether a condition on it may walk the whole history; default false. Given op and value. */
  readonly cheap?: boolean | ((op: FilterOp, value: unknown) => boolean)
  /** What to sort by instead, when another expression has the same order and an index. */
  readonly sortSql?: { readonly sql: string; readonly type: FieldType }
}

/** Known fields by name, and what becomes of `prefix.path` (inside JSON). */
export interface Fields {
  readonly known: Readonly<Record<string, Field>>
  readonly inside?: (path: string) => Field | null
}

/** Collects parameters; `$n` of the next one. */
export interface Params {
  readonly values: unknown[]
  add(value: unknown): string
}

export function createParams(first: readonly unknown[]): Params {
  const values = [...first]
  return { values, add: (value) => `$${values.push(value)}` }
}

/** The condition as SQL. Throws `invalid` with the pointer of what is wrong. */
export function filterToSql(filter: Filter, fields: Fields, params: Params): string {
  let terms = 0
  return toSql(filter, '/filter')

  function toSql(node: unknown, pointer: string): string {
    terms += 1
    if (terms > TERMS_MAX) throw refuse(pointer, `a filter has at most ${TERMS_MAX} terms`)
    if (typeof node !== 'object' || node === null || Array.isArray(node))
      throw refuse(pointer, 'must be {"field","op","value"}, {"and":[…]}, {"or":[…]} or {"not":…}')
    const parts = node as Record<string, unknown>
    if (Array.isArray(parts['and'])) return group(parts['and'], ' AND ', `${pointer}/and`)
    if (Array.isArray(parts['or'])) return group(parts['or'], ' OR ', `${pointer}/or`)
    // Without coalesce a condition on a null would be neither true nor false, negated or not.
    if ('not' in parts) return `NOT coalesce(${toSql(parts['not'], `${pointer}/not`)}, false)`
    return term(parts, pointer)
  }

  function group(nodes: readonly unknown[], glue: string, pointer: string): string {
    if (nodes.length === 0) throw refuse(pointer, 'must not be empty')
    return `(${nodes.map((node, index) => toSql(node, `${pointer}/${index}`)).join(glue)})`
  }

  function term(parts: Record<string, unknown>, pointer: string): string {
    const { field: name, op, value } = parts
    const field = typeof name === 'string' ? findField(fields, name) : null
    if (field === null)
      throw refuse(`${pointer}/field`, `no such field; known are ${fieldNames(fields)}`)
    if (!isOp(op)) throw refuse(`${pointer}/op`, `must be one of ${FILTER_OPS.join(' ')}`)
    const condition = compare(field, op, value, `${pointer}/value`)
    return field.via === undefined ? condition : field.via(condition, op)
  }

  function compare(field: Field, op: FilterOp, value: unknown, pointer: string): string {
    const { sql } = field
    if (op === 'is_null') return value === false ? `${sql} IS NOT NULL` : `${sql} IS NULL`
    if (op === 'in') {
      if (!Array.isArray(value) || value.length === 0 || value.length > IN_MAX)
        throw refuse(pointer, `must be an array of 1 to ${IN_MAX} values`)
      const list = value.map((item, index) => convert(field, item, `${pointer}/${index}`))
      return `${sql} = ANY (${params.add(list)}::${ARRAY_TYPE[field.type]}[])`
    }
    if (op === 'like' || op === 'ilike') {
      if (field.type !== 'text') throw refuse(pointer, `${op} works on text only`)
      const pattern = String(convert(field, value, pointer))
      if (ENDS_ESCAPING.test(pattern))
        throw refuse(
          pointer,
          'must not end in a single backslash, which is for the character after it, as in \\%; write two for one',
        )
      return `${sql} ${op === 'like' ? 'LIKE' : 'ILIKE'} ${params.add(pattern)}`
    }
    const param = `${params.add(convert(field, value, pointer))}::${ARRAY_TYPE[field.type]}`
    return op === 'ne' ? `${sql} IS DISTINCT FROM ${param}` : `${sql} ${OPERATORS[op]} ${param}`
  }
}

/** Every `{field, op, value}` of a filter, and whether all of them must hold at once. */
export function termsOf(
  filter: Filter,
): { field: string; op: FilterOp; value: unknown; must: boolean }[] {
  const terms: { field: string; op: FilterOp; value: unknown; must: boolean }[] = []
  walk(filter, true)
  return terms

  /** What is no filter has no terms: `filterToSql` says what is wrong with it. */
  function walk(node: unknown, must: boolean): void {
    if (typeof node !== 'object' || node === null) return
    const { and, or, not, field, op, value } = node as Record<string, unknown>
    if (Array.isArray(and)) for (const part of and) walk(part, must)
    else if (Array.isArray(or)) for (const part of or) walk(part, must && or.length === 1)
    else if (not !== undefined) walk(not, false)
    else if (typeof field === 'string' && isOp(op)) terms.push({ field, op, value, must })
  }
}

export function findField(fields: Fields, name: string): Field | null {
  if (Object.hasOwn(fields.known, name)) return fields.known[name] ?? null
  return fields.inside?.(name) ?? null
}

export const fieldNames = (fields: Fields): string => Object.keys(fields.known).join(', ')

/** `invalid` that points at one place. */
export function refuse(pointer: string, message: string): ServiceError {
  return new ServiceError('invalid', `${pointer} ${message}`, {
    details: { errors: [{ pointer, message }] },
  })
}

function convert(field: Field, value: unknown, pointer: string): unknown {
  switch (field.type) {
    case 'text':
      if (typeof value === 'string' && !value.includes('\0') && value.isWellFormed()) return value
      throw refuse(pointer, 'must be a string')
    case 'uuid':
      if (typeof value === 'string' && UUID.test(value)) return value
      throw refuse(pointer, 'must be a UUID')
    case 'time': {
      const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
      // The years that Postgres reads as they are written here.
      const year = new Date(at).getUTCFullYear()
      if (year >= 1 && year <= 9_999) return new Date(at).toISOString()
      throw refuse(pointer, 'must be a time as RFC 3339 has it, such as 2026-01-31T12:00:00Z')
    }
    case 'integer':
      if (Number.isInteger(value) && Math.abs(value as number) < 2 ** 31) return value
      throw refuse(pointer, 'must be a whole number')
    case 'number':
      if (typeof value === 'number' && Number.isFinite(value)) return value
      throw refuse(pointer, 'must be a number')
    case 'boolean':
      if (typeof value === 'boolean') return value
      throw refuse(pointer, 'must be true or false')
  }
}

const isOp = (op: unknown): op is FilterOp => (FILTER_OPS as readonly unknown[]).includes(op)

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
/** Postgres finds it only in a row that matches so far. */
const ENDS_ESCAPING = /(?<!\\)(?:\\\\)*\\$/
const TERMS_MAX = 100
const IN_MAX = 1_000

const OPERATORS = { eq: '=', lt: '<', le: '<=', gt: '>', ge: '>=' } as const

const ARRAY_TYPE: Readonly<Record<FieldType, string>> = {
  text: 'text',
  uuid: 'uuid',
  time: 'timestamptz',
  integer: 'integer',
  number: 'float8',
  boolean: 'boolean',
}
