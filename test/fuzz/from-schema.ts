import fc from 'fast-check'
import type { Schema } from './openapi.ts'

/** Values that mean something here, by the name of the field; they make requests go deeper. */
export type Words = (name: string) => readonly unknown[]

/** Larger texts and lists say no more than these and cost a minute each. */
const CHARS_MAX = 70_000
const ITEMS_MAX = 300

/** Values that the schema lets in. */
export function validOf(schema: Schema, name: string, words: Words): fc.Arbitrary<unknown> {
  const known = words(name)
  const plain = valid(schema, name, words)
  return known.length === 0
    ? plain
    : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: plain })
}

function valid(schema: Schema, name: string, words: Words): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined)
    return fc.oneof(...schema.anyOf.map((one) => validOf(one, name, words)))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if ('const' in schema) return fc.constant(schema.const)
  switch (schema.type) {
    case 'string':
      return stringOf(schema, schema.minLength ?? 0, Math.min(schema.maxLength ?? 40, 40))
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000 })
    case 'number':
      return fc.double({
        min: schema.minimum ?? -1e6,
        max: schema.maximum ?? 1e6,
        noNaN: true,
      })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return listOf(schema, name, words, [schema.minItems ?? 0, Math.min(schema.maxItems ?? 4, 4)])
    case 'object':
      return objectOf(schema, words)
    default:
      return fc.jsonValue({ maxDepth: 3 })
  }
}

/** The edges of what the schema lets in: shortest and longest, least and most, all fields and none. */
export function boundaryOf(schema: Schema, name: string, words: Words): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined)
    return fc.oneof(...schema.anyOf.map((one) => boundaryOf(one, name, words)))
  switch (schema.type) {
    case 'string': {
      if (schema.enum !== undefined || schema.format !== undefined)
        return valid(schema, name, words)
      const least = schema.minLength ?? 0
      const most = Math.min(schema.maxLength ?? CHARS_MAX, CHARS_MAX)
      return fc.oneof(
        stringOf(schema, least, least),
        fc.constantFrom('x', 'é', '😀').map((one) => one.repeat(Math.floor(most / one.length))),
        validOf(schema, name, words),
      )
    }
    case 'integer':
    case 'number':
      return fc.constantFrom(schema.minimum ?? -(2 ** 31), schema.maximum ?? 2 ** 31, 0)
    case 'array':
      return fc.oneof(
        listOf(schema, name, words, [schema.minItems ?? 0, schema.minItems ?? 0]),
        listOf(schema, name, words, [
          Math.min(schema.maxItems ?? 50, 50),
          Math.min(schema.maxItems ?? ITEMS_MAX, ITEMS_MAX),
        ]),
      )
    case 'object': {
      const { properties = {}, required = [] } = schema
      const all = fc.record(mapValues(properties, (one, key) => boundaryOf(one, key, words)))
      const few = fc.record(
        mapValues(pick(properties, required), (one, key) => validOf(one, key, words)),
      )
      return fc.oneof(all, few, objectOf(schema, words))
    }
    default:
      return valid(schema, name, words)
  }
}

/** Values that the schema does not let in, each wrong in one place; null when it lets in anything. */
export function invalidOf(schema: Schema, words: Words): fc.Arbitrary<unknown> | null {
  if (schema.anyOf !== undefined) {
    const all = schema.anyOf.map((one) => invalidOf(one, words))
    // What one refuses another may let in: an odd object fits neither text nor null.
    return all.includes(null) ? null : fc.constantFrom<unknown>({ odd: 1 }, [[]])
  }
  if (schema.enum !== undefined || 'const' in schema)
    return fc.constantFrom<unknown>('no such word', 7, null, [], {})
  switch (schema.type) {
    case 'string':
      return fc.oneof(fc.constantFrom<unknown>(7, null, true, [], {}), wrongStringOf(schema))
    case 'integer':
    case 'number':
      return fc.constantFrom<unknown>(
        'seven',
        null,
        [],
        {},
        ...(schema.type === 'integer' ? [0.5] : []),
        ...(schema.maximum === undefined ? [] : [schema.maximum + 1]),
        ...(schema.minimum === undefined ? [] : [schema.minimum - 1]),
      )
    case 'boolean':
      return fc.constantFrom<unknown>('yes', 1, null, [])
    case 'null':
      return fc.constantFrom<unknown>(0, '', false)
    case 'array': {
      const inner = invalidOf(schema.items ?? {}, words)
      const wrong = fc.constantFrom<unknown>('list', 7, null, {})
      const empty = (schema.minItems ?? 0) > 0 ? [fc.constant<unknown>([])] : []
      return inner === null
        ? fc.oneof(wrong, ...empty)
        : fc.oneof(
            wrong,
            ...empty,
            inner.map((one): unknown => [one]),
          )
    }
    case 'object':
      return invalidObjectOf(schema, words)
    default:
      return null
  }
}

function invalidObjectOf(schema: Schema, words: Words): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema
  const base = objectOf(schema, words)
  const ways: fc.Arbitrary<unknown>[] = [fc.constantFrom<unknown>([], 'object', 7, null)]
  if (additionalProperties === false)
    ways.push(base.map((value) => ({ ...value, no_such_field: 1 })))
  for (const key of required)
    ways.push(
      base.map((value) => Object.fromEntries(Object.entries(value).filter(([one]) => one !== key))),
    )
  for (const [key, one] of Object.entries(properties)) {
    const wrong = invalidOf(one, words)
    if (wrong !== null)
      ways.push(fc.tuple(base, wrong).map(([value, bad]) => ({ ...value, [key]: bad })))
  }
  return fc.oneof(...ways)
}

function objectOf(schema: Schema, words: Words): fc.Arbitrary<Record<string, unknown>> {
  const { properties = {}, required = [] } = schema
  const model = mapValues(properties, (one, key) => validOf(one, key, words))
  const requiredKeys = [...required]
  const fields = fc.record(model, { requiredKeys })
  // What runs is one of six fields, of which a valid request has exactly one.
  const targets = TARGETS.filter((target) => target in properties)
  if (targets.length < 2) return fields
  return fc
    .tuple(fields, fc.constantFrom(...targets), fc.record(model))
    .map(([some, target, all]) => ({
      ...Object.fromEntries(
        Object.entries(some).filter(([key]) => !targets.includes(key) && !ODD.has(key)),
      ),
      [target]: all[target],
    }))
}

const TARGETS = [
  'flow_id',
  'flow_name',
  'script',
  'connector_id',
  'connector_name',
  'connector_type',
]
/** Fields that belong to one target alone, or are refused until they are built. */
const ODD: ReadonlySet<string> = new Set([
  'language',
  'wrapper_id',
  'wrapper_name',
  'wrappers',
  'unwrapped',
  'schedule_id',
  'use_breakpoints',
  'breakpoints',
  'use_only_explicit_breakpoints',
  'break',
  'roles',
  'remote_workspace_name',
  'bundle_id',
  'bundle_name',
])

function listOf(
  schema: Schema,
  name: string,
  words: Words,
  [minLength, maxLength]: readonly [number, number],
): fc.Arbitrary<unknown[]> {
  const item = validOf(schema.items ?? {}, name, words)
  const size = { minLength, maxLength }
  return schema.uniqueItems === true
    ? fc.uniqueArray(item, {
        ...size,
        minLength: Math.min(minLength, 3),
        selector: (one) => JSON.stringify(one),
      })
    : fc.array(item, size)
}

function stringOf(schema: Schema, min: number, max: number): fc.Arbitrary<string> {
  if (schema.format === 'uuid') return fc.uuid()
  if (schema.format === 'date-time')
    return fc
      .date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString())
  const text = fc
    .string({ unit: 'grapheme', minLength: min, maxLength: max })
    .map((one) => Array.from(one).slice(0, max).join(''))
  if (schema.pattern === undefined) return text
  const pattern = new RegExp(schema.pattern, 'u')
  return text.map((one) =>
    pattern.test(one) && one.length >= min ? one : 'x'.repeat(Math.max(1, min)),
  )
}

function wrongStringOf(schema: Schema): fc.Arbitrary<unknown> {
  const wrong: unknown[] = []
  if (schema.format === 'uuid') wrong.push('no-uuid', '')
  if (schema.format === 'date-time') wrong.push('yesterday', '2026-02-30T25:00:00Z', '2026-01-01')
  if (schema.maxLength !== undefined && schema.maxLength <= 2 ** 21)
    wrong.push('x'.repeat(schema.maxLength + 1))
  if ((schema.minLength ?? 0) > 0) wrong.push('')
  if (schema.pattern !== undefined) wrong.push('\u0000')
  return wrong.length === 0 ? fc.constant<unknown>([]) : fc.constantFrom(...wrong)
}

function mapValues(
  properties: Readonly<Record<string, Schema>>,
  map: (schema: Schema, key: string) => fc.Arbitrary<unknown>,
): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, map(one, key)]))
}

const pick = (properties: Readonly<Record<string, Schema>>, keys: readonly string[]) =>
  Object.fromEntries(Object.entries(properties).filter(([key]) => keys.includes(key)))
