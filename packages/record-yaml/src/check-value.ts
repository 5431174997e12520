import type { ExecutionProperty } from './execution-properties.ts'
import type { Json } from './json.ts'

/** What a property takes: its value as the record will have it, or what is wrong with this one. */
export type Checked =
  { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string }

/** Null is the absence of a value, for every property. Never throws. */
export function checkValue(property: ExecutionProperty, value: Json): Checked {
  if (value === null) return good(null)
  switch (property.type) {
    case 'boolean':
      return typeof value === 'boolean' ? good(value) : bad('must be true or false')
    case 'enum':
      return property.values?.includes(value as string) === true
        ? good(value)
        : bad(`must be one of ${property.values?.join(', ')}`)
    case 'json':
      return isWithin(value, LEVELS_MAX)
        ? good(value)
        : bad(`is JSON deeper than ${LEVELS_MAX} levels; flatten it`)
    case 'smallint':
      return isSmall(value) ? good(value) : bad('must be a whole number from -32768 to 32767')
    case 'smallint[]':
      return Array.isArray(value) && value.every(isSmall)
        ? good(value)
        : bad('must be a list of whole numbers from -32768 to 32767')
    case 'string':
    case 'text':
      return checkText(property, value)
    case 'timestamptz':
      return checkTime(value)
    case 'uuid':
      return typeof value === 'string' && UUID.test(value)
        ? good(value.toLowerCase())
        : bad('must be a UUID')
  }
}

function checkText({ type, maxLength }: ExecutionProperty, value: Json): Checked {
  if (typeof value !== 'string') return bad('must be text: quote it')
  if (value.includes('\0') || !value.isWellFormed())
    return bad('holds a NUL character or half a surrogate pair')
  if (type === 'text') return good(value)
  const trimmed = value.trim()
  if (trimmed === '') return bad('must not be blank: leave it out')
  // By code points, as Postgres counts.
  return maxLength !== undefined && Array.from(trimmed).length > maxLength
    ? bad(`is longer than ${maxLength} characters`)
    : good(trimmed)
}

function checkTime(value: Json): Checked {
  const match = typeof value === 'string' ? RFC_3339.exec(value) : null
  const at = match === null ? Number.NaN : Date.parse(match[0].replace(' ', 'T'))
  // There is no year 0, and a zone may lead into it.
  return Number.isNaN(at) || new Date(at).getUTCFullYear() < 1
    ? bad('must be a time with its zone, such as 2026-01-31T12:00:00Z')
    : good(new Date(at).toISOString())
}

function isWithin(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((item: Json) => isWithin(item, levels - 1))
}

const isSmall = (value: Json): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= -32_768 && value <= 32_767

const good = (value: Json): Checked => ({ ok: true, value })
const bad = (message: string): Checked => ({ ok: false, message })

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
const RFC_3339 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i
// As everywhere in the API.
const LEVELS_MAX = 64
