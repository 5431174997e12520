import { parse } from 'acorn'
import { compiled, withoutTypes } from '../compile-flow.ts'
import type { CompiledFlow } from '../compile-flow.ts'
import { FlowSyntaxError } from '../flow-syntax-error.ts'
import { moduleShape } from '../module-shape.ts'
import { instrument } from './instrument.ts'
import type { Instrumented } from './instrument.ts'
import { composed } from './text-inserts.ts'

/** How a script is compiled for its debugger. */
export interface DebugOptions {
  /** The lines that can be stopped at, fixed for ever; null: all of them, with stepping. */
  readonly lines: readonly number[] | null
  /** Expressions that a stop at this line evaluates; for an inspection. */
  readonly probe?: { readonly line: number; readonly expressions: readonly string[] }
}

export interface DebugFlow extends CompiledFlow {
  /** The parameter by which the code reaches its debugger. */
  readonly hook: string
}

/** As `toFunction`, with checks; throws FlowSyntaxError. */
export function toDebugFunction(
  source: string,
  language: string,
  options: DebugOptions,
): DebugFlow {
  const { made, hook, identifiers } = instrumented(source, language, options)
  const shape = moduleShape(made.code)
  const flow = compiled({ ...shape, identifiers }, hook)
  return { ...flow, inserts: composed(made.inserts, shape.inserts), hook }
}

/**
 * The lines that a breakpoint can stop at, rising; on every other line it has no effect. None when
 * the source cannot run.
 */
export function effectiveLines(source: string, language: string): readonly number[] {
  try {
    return instrumented(source, language, { lines: null }).made.lines
  } catch (error) {
    if (error instanceof FlowSyntaxError) return []
    throw error
  }
}

function instrumented(
  source: string,
  language: string,
  { lines, probe }: DebugOptions,
): { made: Instrumented; hook: string; identifiers: ReadonlySet<string> } {
  const plain = withoutTypes(source, language)
  // First as it is, so that what is wrong with it is said of the author's text.
  const { bare, identifiers } = moduleShape(plain)
  const hook = freeName('$d', identifiers)
  const frame = freeName('$f', identifiers)
  for (const expression of probe?.expressions ?? []) checkExpression(expression)
  const made = instrument(plain, { lines, probe: probe ?? null, bare, hook, frame })
  return { made, hook, identifiers }
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name
  while (taken.has(free)) free += '_'
  return free
}

/** It is put where it is evaluated as it is, so it must be whole. */
function checkExpression(expression: string): void {
  let why = 'it must be one expression on one line'
  try {
    // A comment at its end would swallow the bracket.
    const text = `()=>(${expression})`
    const { body } = parse(text, { ecmaVersion: 'latest', sourceType: 'module' })
    const [only] = body
    const isOne =
      body.length === 1 &&
      only?.type === 'ExpressionStatement' &&
      only.expression.type === 'ArrowFunctionExpression'
    if (isOne && !/[\n\r\u2028\u2029]/.test(expression)) return
  } catch (error) {
    why = FlowSyntaxError.fromAcorn(error).message
  }
  throw new FlowSyntaxError(`The expression ${JSON.stringify(expression)} is wrong: ${why}`, 1, 1)
}
