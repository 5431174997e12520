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
    return { pointer: `${base}${error.instancePath}`, message: messageOf(error) }
  })
}

function messageOf({ params, message }: ErrorObject): string {
  const allowed: unknown = params['allowedValues']
  if (Array.isArray(allowed))
    return `must be one of ${allowed.map((value) => JSON.stringify(value)).join(', ')}`
  if (params['format'] === 'date-time')
    return 'must be a time with its zone, such as 2026-01-31T12:00:00Z, from the year 1 to 9999'
  return message ?? 'is not accepted'
}

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
