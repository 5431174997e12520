import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { RE2JS } from 're2js'
import {
  type Checked,
  escapePointer,
  type FieldError,
  type Form,
  isButton,
  isField,
  type JsonSchema,
} from './form.ts'
import { addFormats } from './formats.ts'

/** What is wrong with the values of a form. */
export type Check = (values: Readonly<Record<string, unknown>>) => readonly FieldError[]

/** Compiles the fields of a form, of which `required` have to be there. Errors are in its body. */
export function createCheck(form: Form, required: readonly string[]): Checked<Check> {
  const schema: JsonSchema = {
    ...form.rules,
    type: 'object',
    required,
    properties: Object.fromEntries([
      ...form.items.filter(isField).map((field) => [field.name, field.schema] as const),
      ...form.items
        .filter(isButton)
        .flatMap(({ name }) => (name === null ? [] : [[name, { type: 'boolean' }] as const])),
    ]),
  }
  if (ajv.validateSchema(schema) !== true)
    return { ok: false, errors: toErrors(ajv.errors ?? [], '/body') }
  try {
    const validate = ajv.compile(schema)
    // The instance is one for all forms; it must not keep each of them.
    ajv.removeSchema(schema)
    return {
      ok: true,
      value: (values) => (validate(values) ? [] : toErrors(validate.errors ?? [], '')),
    }
  } catch (error) {
    ajv.removeSchema(schema)
    const why = error instanceof Error ? error.message.slice(0, 300) : ''
    return {
      ok: false,
      errors: [{ pointer: '/body', message: `is no usable JSON schema: ${why}` }],
    }
  }
}

/** What ajv asks of a RegExp, over an engine without backtracking. */
const linearRegExp = Object.assign(
  (pattern: string): { test: (text: string) => boolean; toString: () => string } => {
    const compiled = RE2JS.compile(pattern)
    // ajv tells patterns apart by their text.
    return { test: (text) => compiled.matcher(text).find(), toString: () => `re2 ${pattern}` }
  },
  { code: 'new RegExp' },
)

const ajv = new Ajv2020({
  strict: false,
  logger: false,
  allErrors: true,
  verbose: true,
  // A field may be named like what every object inherits.
  ownProperties: true,
  code: { regExp: linearRegExp },
})
addFormats(ajv)

function toErrors(errors: readonly ErrorObject[], base: string): FieldError[] {
  // What each alternative would have wanted is noise beside that none of them fits.
  const alternatives = errors
    .filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf')
    .map(({ schemaPath }) => `${schemaPath}/`)
  const found = new Map<string, FieldError>()
  for (const error of errors) {
    if (alternatives.some((path) => error.schemaPath.startsWith(path))) continue
    const missing: unknown = error.params['missingProperty']
    const isMissing = error.keyword === 'required' && typeof missing === 'string'
    const pointer = `${base}${error.instancePath}${isMissing ? `/${escapePointer(missing)}` : ''}`
    // The first one is the nearest to the value; others follow from it.
    if (!found.has(pointer)) found.set(pointer, { pointer, message: messageOf(error) })
  }
  return [...found.values()].slice(0, ERRORS_MAX)
}

const ERRORS_MAX = 50

function messageOf({ keyword, params, message, schema }: ErrorObject): string {
  switch (keyword) {
    case 'required':
      return 'is required'
    case 'enum':
      return `must be one of ${JSON.stringify(params['allowedValues']).slice(1, -1)}`
    case 'oneOf': {
      const values = Array.isArray(schema)
        ? (schema as JsonSchema[]).map((branch) => branch['const'])
        : []
      return values.includes(undefined) || values.length === 0
        ? 'must match one of the alternatives, and only one'
        : `must be one of ${JSON.stringify(values).slice(1, -1)}`
    }
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`
    case 'format':
      return `must be ${FORMS[String(params['format'])] ?? `of the format ${String(params['format'])}`}`
    case 'additionalProperties':
      return `has ${JSON.stringify(params['additionalProperty'])}, which is not accepted`
    default:
      return message ?? 'is not accepted'
  }
}

const FORMS: Readonly<Record<string, string>> = {
  date: 'a date such as 2026-11-22',
  'date-time': 'a date and time such as 2026-11-22T09:30 or 2026-11-22T09:30:00+01:00',
  email: 'a mail address',
  time: 'a time such as 09:30 or 09:30:00+01:00',
  uri: 'a URL with its scheme, such as https://example.com',
  url: 'a URL of the web, such as https://example.com/a',
}
