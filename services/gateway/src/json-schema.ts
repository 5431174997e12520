import { type CompiledSchema, compileSchema as compile } from '@millrace/json-schema'
import { invalid } from './problem.ts'

/** Checks a value against a schema that people wrote. Throws `invalid` with pointers below `base`. */
export type SchemaCheck = (value: unknown, base: string) => void

/**
 * Compiles a schema of a flow, as JSON text. Throws `invalid` when it is none. What a check costs is
 * bounded: one person's schema must not hold up everybody's event loop.
 */
export function compileSchema(text: string, pointer: string): SchemaCheck {
  const schema = compiled(text, pointer)
  return (value, base) => {
    const faults = schema.check(value)
    if (faults.length > 0)
      throw invalid(
        faults.map((fault) => ({ pointer: `${base}${fault.pointer}`, message: fault.message })),
      )
  }
}

/**
 * Throws `invalid` for what is not to be stored as a schema: what is none, and one with keywords of older
 * drafts, which would check nothing.
 */
export function checkNewSchema(text: string, pointer: string): void {
  const { unheeded } = compiled(text, pointer)
  if (unheeded.length > 0)
    throw invalid(
      unheeded.map((fault) => ({ pointer: `${pointer}${fault.pointer}`, message: fault.message })),
    )
}

function compiled(text: string, pointer: string): Extract<CompiledSchema, { readonly ok: true }> {
  if (text.length > SCHEMA_MAX_CHARS)
    throw invalid([{ pointer, message: `is longer than ${SCHEMA_MAX_CHARS} characters` }])
  const schema = compile(JSON.parse(text))
  if (!schema.ok)
    throw invalid([{ pointer: `${pointer}${schema.pointer}`, message: schema.message }])
  return schema
}

const SCHEMA_MAX_CHARS = 256 * 1_024
