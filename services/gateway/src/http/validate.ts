import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { TSchema } from 'typebox'
import { invalid } from '../problem.ts'
import { toFieldErrors } from './field-errors.ts'

/** Checks one part of a request; throws `invalid` with JSON pointers. */
export type Check = (value: unknown) => void

/** Bodies are taken as they are. All faults are named, unless the body is so large that finding them costs too much. */
export function bodyCheck(schema: TSchema): Check {
  const first = strictAjv.compile(schema)
  let all: ValidateFunction | null = null
  return (value) => {
    if (first(value)) return
    all ??= thoroughAjv.compile(schema)
    const isSmall = JSON.stringify(value).length < THOROUGH_MAX_CHARS
    if (isSmall) all(value)
    throw invalid(toFieldErrors((isSmall ? all.errors : first.errors) ?? [], ''))
  }
}

/** Path and query are text; numbers and booleans in them are read as such, in place. */
export function textCheck(schema: TSchema): Check {
  const validate = coercingAjv.compile(schema)
  return (value) => {
    if (!validate(value)) throw invalid(toFieldErrors(validate.errors ?? [], ''))
  }
}

const strictAjv = make({})
const thoroughAjv = make({ allErrors: true })
const coercingAjv = make({ coerceTypes: true })
const THOROUGH_MAX_CHARS = 65_536

function make(options: { allErrors?: boolean; coerceTypes?: boolean }): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, ...options })
  formats.default(ajv)
  ajv.addKeyword('example')
  return ajv
}
