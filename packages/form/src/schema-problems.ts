import { RE2JS } from 're2js'
import { escapePointer, type FieldError, isObject } from './form.ts'
import { FORMATS } from './formats.ts'

/**
 * What makes a schema unfit to be run on other people's answers: references (a form is written out,
 * and references in circles never end), nesting, patterns that need backtracking, and formats that
 * nobody would check.
 */
export function findSchemaProblems(schema: unknown, pointer: string, depth = 0): FieldError[] {
  if (!isObject(schema)) return []
  if (depth > DEPTH_MAX)
    return [{ pointer, message: `is nested deeper than ${DEPTH_MAX} schemas; flatten it` }]
  return Object.entries(schema).flatMap(([key, value]) => {
    const at = `${pointer}/${escapePointer(key)}`
    if (REFERENCES.has(key)) return [{ pointer: at, message: NO_REFERENCES }]
    if (key === 'pattern' && typeof value === 'string') return patternProblems(value, at)
    if (key === 'format' && typeof value === 'string') return formatProblems(value, at)
    const own =
      key === 'patternProperties' && isObject(value)
        ? Object.keys(value).flatMap((pattern) =>
            patternProblems(pattern, `${at}/${escapePointer(pattern)}`),
          )
        : []
    return [...own, ...innerSchemas(key, value, at).flatMap((inner) => inner(depth + 1))]
  })
}

const DEPTH_MAX = 16
const NO_REFERENCES = 'is not accepted in a form; write the schema out'
const REFERENCES: ReadonlySet<string> = new Set([
  '$anchor',
  '$defs',
  '$dynamicAnchor',
  '$dynamicRef',
  '$id',
  '$recursiveRef',
  '$ref',
  'definitions',
])

/** Keywords whose value is a schema, a list of schemas, or an object of schemas. */
const SCHEMAS: ReadonlySet<string> = new Set([
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])
const LISTS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const MAPS: ReadonlySet<string> = new Set(['dependentSchemas', 'patternProperties', 'properties'])

function innerSchemas(
  key: string,
  value: unknown,
  at: string,
): readonly ((depth: number) => FieldError[])[] {
  if (SCHEMAS.has(key)) return [(depth) => findSchemaProblems(value, at, depth)]
  if (LISTS.has(key) && Array.isArray(value))
    return value.map(
      (one: unknown, index) => (depth) => findSchemaProblems(one, `${at}/${index}`, depth),
    )
  if (MAPS.has(key) && isObject(value))
    return Object.entries(value).map(
      ([name, one]) =>
        (depth) =>
          findSchemaProblems(one, `${at}/${escapePointer(name)}`, depth),
    )
  return []
}

const formatProblems = (format: string, pointer: string): FieldError[] =>
  FORMATS.has(format)
    ? []
    : [{ pointer, message: `is not known; known are ${[...FORMATS].join(', ')}` }]

function patternProblems(pattern: string, pointer: string): FieldError[] {
  try {
    RE2JS.compile(pattern)
    return []
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : ''
    return [{ pointer, message: `cannot be matched in linear time: ${why}` }]
  }
}
