import fc from 'fast-check'
import { accepts, alternativesOf } from './accepts.ts'
import type { Schema } from './openapi.ts'

/** Values that mean something here, by the name of the field; they make requests go deeper. */
export type Words = (name: string) => readonly unknown[]

/** Larger texts and lists say no more than these and cost a minute each. */
const CHARS_MAX = 70_000
const ITEMS_MAX = 300

/** Values that the schema lets in. */
export function validOf(schema: Schema, name: string, words: Words): fc.Arbitrary<unknown> {
  const known = words(name).filter((word) => accepts(schema, word))
  const plain = valid(schema, name, words)
  return known.length === 0
    ? plain
    : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: plain })
}

function valid(schema: Schema, name: string, words: Words): fc.Arbitrary<unknown> {
  const alternatives = alternativesOf(schema)
  if (alternatives !== null)
    return fc.oneof(...alternatives.map((one) => validOf(one, name, words)))
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

/** Times by RFC 3339 that somebody may count with and that somebody may have to keep. */
const EDGE_TIMES = [
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00-23:59',
  '1970-01-01T00:00:00Z',
  '2016-12-31T23:59:60Z',
  '2024-02-29T12:00:00.123456789Z',
  '2026-03-29T02:30:00+14:00',
  '2026-01-01t00:00:00z',
  '9999-12-31T23:59:59.999Z',
  '9999-12-31T23:59:59-23:59',
]

/** The edges of what the schema lets in: shortest and longest, least and most, all fields and none. */
export function boundaryOf(schema: Schema, name: string, words: Words): fc.Arbitrary<unknown> {
  const alternatives = alternativesOf(schema)
  if (alternatives !== null)
    return fc.oneof(...alternatives.map((one) => boundaryOf(one, name, words)))
  switch (schema.type) {
    case 'string': {
      if (schema.format === 'date-time') return fc.constantFrom(...EDGE_TIMES)
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
  const alternatives = alternativesOf(schema)
  if (alternatives === null) return wrongOf(schema, words)
  const wrong = alternatives.map((one) => invalidOf(one, words))
  const ways = wrong.filter((one) => one !== null)
  if (ways.length < wrong.length) return null
  // What one refuses another may let in.
  return fc
    .oneof(fc.constantFrom<unknown>({ odd: 1 }, [[]]), ...ways)
    .filter((value) => !accepts(schema, value))
}

function wrongOf(schema: Schema, words: Words): fc.Arbitrary<unknown> | null {
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
  const fields = fc.record(model, { requiredKeys: [...required] })
  const groups = ONE_OF.map(({ of, least }) => ({
    least,
    names: of.filter((name) => name in properties),
    isWhole: of.every((name) => name in properties),
  })).filter(({ names, isWhole, least }) => (least === 'some' ? names.length > 1 : isWhole))
  if (groups.length === 0) return fields
  const chosen = fc.tuple(
    ...groups.map(({ names, least }) =>
      fc.constantFrom(...names, ...(least === 'none' ? [null] : [])),
    ),
  )
  const isStart = groups.some(({ least }) => least === 'some')
  const dropped = new Set([...groups.flatMap(({ names }) => names), ...(isStart ? ODD : [])])
  return fc.tuple(fields, chosen, fc.record(model)).map(([some, names, all]) => ({
    ...Object.fromEntries(Object.entries(some).filter(([name]) => !dropped.has(name))),
    ...Object.fromEntries(names.flatMap((name) => (name === null ? [] : [[name, all[name]]]))),
  }))
}

/** What runs. */
const TARGETS = [
  'flow_id',
  'flow_name',
  'script',
  'connector_id',
  'connector_name',
  'connector_type',
]
/**
 * Fields that exclude each other. `some`: a valid request has exactly one of those that its schema
 * knows; `one`: the same where it knows all of them; `none`: at most one.
 */
const ONE_OF: readonly { of: readonly string[]; least: 'some' | 'one' | 'none' }[] = [
  { of: TARGETS, least: 'some' },
  { of: ['timing', 'scheduler_id', 'scheduler_name'], least: 'one' },
  { of: ['savepoint_id', 'seq', 'name'], least: 'one' },
  { of: ['cron', 'interval_seconds', 'rrule'], least: 'one' },
  { of: ['ids', 'filter'], least: 'one' },
  { of: ['setting_id', 'setting_name'], least: 'none' },
  { of: ['project_id', 'project_name'], least: 'none' },
  { of: ['text', 'base64'], least: 'none' },
]
/** Fields that belong to one target alone, need others, or are refused until they are built. */
const ODD: readonly string[] = [
  'language',
  'wrapper_id',
  'wrapper_name',
  'schedule_id',
  'use_breakpoints',
  'breakpoints',
  'use_only_explicit_breakpoints',
  'break',
  'roles',
  'remote_workspace_name',
  'bundle_id',
  'bundle_name',
]

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
