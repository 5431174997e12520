import {
  InvalidInputError,
  SchemaValidationError,
  type ChildExecution,
  type Execution,
  type System,
  type Wrapped,
} from '@millrace/flow-api'

type Schema = boolean | { readonly [keyword: string]: any }

interface Inputs {
  readonly wrapped: Wrapped
  /** Of the inputs; checked before it starts. */
  readonly input_schema?: Schema
  /** Of the output; checked when it has succeeded. */
  readonly output_schema?: Schema
}

/**
 * Checks inputs and output of what it wraps against JSON schemas. Inputs that do not match start
 * nothing; an output that does not is kept to look at, and ends this in error. A keyword that it does
 * not know is an error too, so that nothing passes unchecked.
 */
export default async function handler(
  _system: System,
  self: Execution,
  inputs: Inputs,
): Promise<void> {
  const { input_schema: inputSchema, output_schema: outputSchema } = inputs
  if (inputSchema === undefined && outputSchema === undefined)
    throw new InvalidInputError('validate: input_schema, output_schema or both are needed')

  if (inputSchema !== undefined) {
    const problems = problemsOf(inputs.wrapped.input_value, inputSchema)
    if (problems.length > 0)
      throw new SchemaValidationError(`the inputs do not match: ${listed(problems)}`)
  }
  const child = await self.wrapped(undefined, { wait: 'ALL_ENDED' })
  if (child.status !== 'ENDED_SUCCESS' || outputSchema === undefined) passOn(self, child)
  const problems = problemsOf(child.output, outputSchema)
  if (problems.length === 0) passOn(self, child)
  self.save({ output_value: child.output })
  self.error(`the output does not match: ${listed(problems)}`)
}

const listed = (problems: readonly string[]): string => problems.slice(0, 10).join('; ')

/** Each with the JSON pointer of its place; none when the value matches. */
function problemsOf(value: unknown, schema: Schema, at = ''): string[] {
  if (schema === true) return []
  if (schema === false) return unless(false, at, 'is not allowed')
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    if (IGNORED.has(keyword)) return []
    const rule = RULES[keyword]
    if (rule === undefined)
      throw new InvalidInputError(`validate: a schema uses "${keyword}", which it does not know`)
    return rule({ value, wanted, at, schema })
  })
}

interface Asked {
  readonly value: any
  /** What the keyword says. */
  readonly wanted: any
  readonly at: string
  readonly schema: { readonly [keyword: string]: any }
}

/** They say nothing about the value. */
const IGNORED: ReadonlySet<string> = new Set([
  '$comment',
  '$id',
  '$schema',
  'default',
  'deprecated',
  'description',
  'examples',
  'format',
  'readOnly',
  'title',
  'writeOnly',
])

const RULES: { readonly [keyword: string]: (asked: Asked) => string[] } = {
  type: ({ value, wanted, at }) => {
    const types: string[] = [wanted].flat()
    return unless(
      types.some((type) => isOf(type, value)),
      at,
      `must be ${types.join(' or ')}`,
    )
  },
  enum: ({ value, wanted, at }) =>
    unless(
      wanted.some((one: unknown) => isEqual(one, value)),
      at,
      `must be one of ${JSON.stringify(wanted)}`,
    ),
  const: ({ value, wanted, at }) =>
    unless(isEqual(wanted, value), at, `must be ${JSON.stringify(wanted)}`),

  properties: ({ value, wanted, at }) =>
    Object.entries(wanted).flatMap(([name, schema]) =>
      isObject(value) && Object.hasOwn(value, name)
        ? problemsOf(value[name], schema as Schema, `${at}/${name}`)
        : [],
    ),
  required: ({ value, wanted, at }) =>
    wanted.flatMap((name: string) =>
      unless(!isObject(value) || Object.hasOwn(value, name), `${at}/${name}`, 'is missing'),
    ),
  additionalProperties: ({ value, wanted, at, schema }) =>
    Object.keys(isObject(value) ? value : {})
      .filter((name) => !Object.hasOwn(schema['properties'] ?? {}, name))
      .flatMap((name) => problemsOf(value[name], wanted, `${at}/${name}`)),
  minProperties: ({ value, wanted, at }) =>
    unless(
      !isObject(value) || Object.keys(value).length >= wanted,
      at,
      `must have ${wanted} keys or more`,
    ),
  maxProperties: ({ value, wanted, at }) =>
    unless(
      !isObject(value) || Object.keys(value).length <= wanted,
      at,
      `must have ${wanted} keys or fewer`,
    ),

  items: ({ value, wanted, at }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => problemsOf(item, wanted, `${at}/${index}`))
      : [],
  minItems: ({ value, wanted, at }) =>
    unless(
      !Array.isArray(value) || value.length >= wanted,
      at,
      `must have ${wanted} items or more`,
    ),
  maxItems: ({ value, wanted, at }) =>
    unless(
      !Array.isArray(value) || value.length <= wanted,
      at,
      `must have ${wanted} items or fewer`,
    ),
  uniqueItems: ({ value, wanted, at }) =>
    unless(
      wanted !== true || !Array.isArray(value) || !hasDouble(value),
      at,
      'must not hold the same twice',
    ),

  minLength: ({ value, wanted, at }) =>
    unless(
      typeof value !== 'string' || charactersOf(value) >= wanted,
      at,
      `must have ${wanted} characters or more`,
    ),
  maxLength: ({ value, wanted, at }) =>
    unless(
      typeof value !== 'string' || charactersOf(value) <= wanted,
      at,
      `must have ${wanted} characters or fewer`,
    ),
  pattern: ({ value, wanted, at }) =>
    unless(
      typeof value !== 'string' || new RegExp(wanted, 'u').test(value),
      at,
      `must match ${wanted}`,
    ),

  minimum: ({ value, wanted, at }) =>
    unless(typeof value !== 'number' || value >= wanted, at, `must be ${wanted} or more`),
  maximum: ({ value, wanted, at }) =>
    unless(typeof value !== 'number' || value <= wanted, at, `must be ${wanted} or less`),
  exclusiveMinimum: ({ value, wanted, at }) =>
    unless(typeof value !== 'number' || value > wanted, at, `must be more than ${wanted}`),
  exclusiveMaximum: ({ value, wanted, at }) =>
    unless(typeof value !== 'number' || value < wanted, at, `must be less than ${wanted}`),
  multipleOf: ({ value, wanted, at }) =>
    unless(
      typeof value !== 'number' || value % wanted === 0,
      at,
      `must be a multiple of ${wanted}`,
    ),

  allOf: ({ value, wanted, at }) =>
    wanted.flatMap((schema: Schema) => problemsOf(value, schema, at)),
  anyOf: ({ value, wanted, at }) =>
    unless(matching(value, wanted) > 0, at, 'must match at least one schema of anyOf'),
  oneOf: ({ value, wanted, at }) =>
    unless(matching(value, wanted) === 1, at, 'must match exactly one schema of oneOf'),
  not: ({ value, wanted, at }) =>
    unless(matching(value, [wanted]) === 0, at, 'must not match the schema of not'),
}

const unless = (holds: boolean, at: string, problem: string): string[] =>
  holds ? [] : [`${at === '' ? 'the value' : at} ${problem}`]

const matching = (value: unknown, schemas: readonly Schema[]): number =>
  schemas.filter((schema) => problemsOf(value, schema).length === 0).length

/** As JSON Schema counts: an emoji is one. */
const charactersOf = (text: string): number => text.match(/[^]/gu)?.length ?? 0

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isOf(type: string, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  return type === 'integer' ? Number.isInteger(value) : typeof value === type
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((one, at) => isEqual(one, b[at]))
  if (!isObject(a) || !isObject(b)) return a === b
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
  )
}

const hasDouble = (values: readonly unknown[]): boolean =>
  values.some((one, at) => values.slice(0, at).some((other) => isEqual(one, other)))

/** Ends as the wrapped execution has. */
function passOn(self: Execution, child: ChildExecution): never {
  self.save({ output_value: child.output })
  const message = child.message ?? undefined
  if (child.status === 'ENDED_SUCCESS') return self.success(message)
  return child.status === 'ENDED_CANCELLED' ? self.cancel(message) : self.error(message)
}
