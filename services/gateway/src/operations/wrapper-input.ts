import { compileSchema, type SchemaCheck } from '../json-schema.ts'
import { invalid } from '../problem.ts'
import { TARGETS } from '../schemas/execution.ts'

/**
 * Checks what a wrapper is given against its schema (JSON text; null: anything). Throws `invalid` with
 * pointers below `base`.
 */
export function checkWrapperInput(
  schema: string | null,
  input: Readonly<Record<string, unknown>>,
  base: string,
): void {
  if (Object.hasOwn(input, 'wrapped'))
    throw invalid([
      { pointer: `${base}/wrapped`, message: 'is what the wrapper is told; leave it out' },
    ])
  if (schema !== null) checkOf(schema)(input, base)
}

/**
 * Checks the input of a wrapper that is started by itself: besides its own inputs it has to say what
 * it wraps, by exactly one of `TARGETS`.
 */
export function checkToldInput(schema: string | null, input: unknown, base: string): void {
  const told = isObject(input) ? input['wrapped'] : undefined
  const named = isObject(told) ? TARGETS.filter((name) => typeof told[name] === 'string') : []
  if (!isObject(input) || named.length !== 1)
    throw invalid([
      {
        pointer: `${base}/wrapped`,
        message: `must say what the wrapper wraps by exactly one of ${TARGETS.join(', ')}; or start that, and name the wrapper in "wrappers"`,
      },
    ])
  const own = Object.entries(input).filter(([name]) => name !== 'wrapped')
  checkWrapperInput(schema, Object.fromEntries(own), base)
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Compiling a schema costs more than a thousand checks. */
const checks = new Map<string, SchemaCheck>()
const CHECKS_MAX = 500

function checkOf(schema: string): SchemaCheck {
  const known = checks.get(schema)
  if (known !== undefined) return known
  const check = compileSchema(schema, '/input_schema')
  if (checks.size >= CHECKS_MAX) checks.clear()
  checks.set(schema, check)
  return check
}
