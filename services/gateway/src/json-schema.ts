import { ServiceError } from '@millrace/runtime'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { RE2JS } from 're2js'
import { type FieldError, invalid } from './problem.ts'

/** Checks a value against a schema that people wrote. Throws `invalid` with pointers below `base`. */
export type SchemaCheck = (value: unknown, base: string) => void

/**
 * Compiles a schema of a flow or a connector. Throws `invalid` when it is none. Patterns run in linear
 * time (RE2): one person's pattern must not hold up everybody's event loop.
 */
export function compileSchema(text: string, pointer: string): SchemaCheck {
  if (text.length > SCHEMA_MAX_CHARS)
    throw invalid([{ pointer, message: `is longer than ${SCHEMA_MAX_CHARS} characters` }])
  const validate = compile(text, pointer)
  return (value, base) => {
    if (!validate(value)) throw invalid(toFieldErrors(validate.errors ?? [], base))
  }
}

function compile(text: string, pointer: string): ValidateFunction {
  const schema: unknown = JSON.parse(text)
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null))
    throw invalid([{ pointer, message: 'must be a JSON schema: an object, true or false' }])
  // One instance per schema: an $id in one must not be known to another.
  const ajv = new Ajv2020({
    strict: false,
    logger: false,
    validateSchema: true,
    code: { regExp: linearRegExp },
  })
  formats.default(ajv, { mode: 'fast' })
  try {
    return ajv.compile(schema)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw invalid([{ pointer, message: `is no usable JSON schema: ${message.slice(0, 300)}` }])
  }
}

/** Errors of ajv as pointers and sentences. */
export function toFieldErrors(errors: readonly ErrorObject[], base: string): FieldError[] {
  return errors.slice(0, 20).map((error) => {
    const extra: unknown = error.params['additionalProperty'] ?? error.params['unevaluatedProperty']
    if (typeof extra === 'string')
      return {
        pointer: `${base}${error.instancePath}/${escapePointer(extra)}`,
        message: 'is not known',
      }
    const missing: unknown = error.params['missingProperty']
    if (typeof missing === 'string')
      return {
        pointer: `${base}${error.instancePath}/${escapePointer(missing)}`,
        message: 'is missing',
      }
    const allowed: unknown = error.params['allowedValues']
    const message = Array.isArray(allowed)
      ? `must be one of ${allowed.map((value) => JSON.stringify(value)).join(', ')}`
      : (error.message ?? 'is not accepted')
    return { pointer: `${base}${error.instancePath}`, message }
  })
}

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

const SCHEMA_MAX_CHARS = 256 * 1_024

/** What ajv asks of a RegExp, over an engine without backtracking. */
const linearRegExp = Object.assign(
  (pattern: string): { test: (text: string) => boolean; toString: () => string } => {
    try {
      const compiled = RE2JS.compile(pattern)
      // ajv tells patterns apart by their text.
      return { test: (text) => compiled.matcher(text).find(), toString: () => `re2 ${pattern}` }
    } catch (error) {
      throw new ServiceError('invalid', `the pattern ${pattern} cannot run in linear time`, {
        cause: error,
      })
    }
  },
  { code: 'new RegExp' },
)
