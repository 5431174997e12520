import { compileSchema as compile } from '@millrace/json-schema'
import { invalid } from './problem.ts'

/** Checks a value against a schema that people wrote. Throws `invalid` with pointers below `base`. */
export type SchemaCheck = (value: unknown, base: string) => void

/**
 * Compiles a schema of a flow, as JSON text. Throws `invalid` when it is none. What a check costs is
 * bounded: one person's schema must not hold up everybody's event loop.
 */
export function compileSchema(text: string, pointer: string): SchemaCheck {
  if (text.length > SCHEMA_MAX_CHARS)
    throw invalid([{ pointer, message: `is longer than ${SCHEMA_MAX_CHARS} characters` }])
  const schema = compile(JSON.parse(text))
  if (!schema.ok)
    throw invalid([{ pointer: `${pointer}${schema.pointer}`, message: schema.message }])
  return (value, base) => {
    const faults = schema.check(value)
    if (faults.length > 0)
      throw invalid(
        faults.map((fault) => ({ pointer: `${base}${fault.pointer}`, message: fault.message })),
      )
  }
}

const SCHEMA_MAX_CHARS = 256 * 1_024
