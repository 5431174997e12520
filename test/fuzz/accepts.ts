import type { Schema } from './openapi.ts'

/** The schemas of which a value may fit any; null where there is one only. */
export function alternativesOf(schema: Schema): readonly Schema[] | null {
  const { type, anyOf, oneOf, ...rest } = schema
  if (anyOf !== undefined || oneOf !== undefined) return anyOf ?? oneOf ?? null
  if (typeof type !== 'object') return null
  return type.map((one) => (one === 'null' ? { type: one } : { ...rest, type: one }))
}

/**
 * Whether a schema of the document lets a value in; its alternatives exclude each other. Whoever makes
 * a wrong value asks here whether it is one: what one alternative refuses another may take.
 */
export function accepts(schema: Schema, value: unknown): boolean {
  const alternatives = alternativesOf(schema)
  if (alternatives !== null) return alternatives.some((one) => accepts(one, value))
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false
  if (schema.const !== undefined && schema.const !== value) return false
  if (schema.type !== undefined && !isOf(schema.type as string, value)) return false
  if (typeof value === 'string') return acceptsText(schema, value)
  if (typeof value === 'number')
    return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity)
  if (Array.isArray(value)) return acceptsList(schema, value)
  return typeof value !== 'object' || value === null || acceptsObject(schema, value)
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

function acceptsText(schema: Schema, value: string): boolean {
  // In characters, as the standard counts.
  const { length } = Array.from(value)
  if (length < (schema.minLength ?? 0) || length > (schema.maxLength ?? Infinity)) return false
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) return false
  if (schema.format === 'uuid') return UUID.test(value)
  return schema.format !== 'date-time' || (TIME.test(value) && !Number.isNaN(Date.parse(value)))
}

function acceptsList(schema: Schema, value: readonly unknown[]): boolean {
  if (value.length < (schema.minItems ?? 0) || value.length > (schema.maxItems ?? Infinity))
    return false
  if (
    schema.uniqueItems === true &&
    new Set(value.map((one) => JSON.stringify(one))).size < value.length
  )
    return false
  const { items } = schema
  return items === undefined || value.every((one) => accepts(items, one))
}

function acceptsObject(schema: Schema, value: object): boolean {
  const { properties = {}, required = [], additionalProperties } = schema
  if (required.some((name) => !Object.hasOwn(value, name))) return false
  return Object.entries(value).every(([name, one]) => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    return property === undefined ? additionalProperties !== false : accepts(property, one)
  })
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i
