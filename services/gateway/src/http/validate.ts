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

/** A leap second is a time by RFC 3339, and NaN for a Date; who writes other years writes five digits. */
const isKept = (ms: number): boolean => ms >= FIRST_MS && ms <= LAST_MS
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')

const plainAjv = new Ajv2020()
formats.default(plainAjv)
const isTime = plainAjv.compile({ type: 'string', format: 'date-time' })
const strictAjv = make({})
const thoroughAjv = make({ allErrors: true })
const coercingAjv = make({ coerceTypes: true })
const THOROUGH_MAX_CHARS = 65_536

function make(options: { allErrors?: boolean; coerceTypes?: boolean }): Ajv2020 {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, ...options })
  formats.default(ajv)
  ajv.addFormat('date-time', (text: string) => isTime(text) && isKept(Date.parse(text)))
  ajv.addKeyword('example')
  return ajv
}
