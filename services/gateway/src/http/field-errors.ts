import type { ErrorObject } from 'ajv/dist/2020.js'
import type { FieldError } from '../problem.ts'

/** What ajv finds wrong with a request, as pointers and sentences. */
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
