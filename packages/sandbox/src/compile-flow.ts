import { stripTypeScriptTypes } from 'node:module'
import { parse } from 'acorn'
import { FlowSyntaxError } from './flow-syntax-error.ts'
import { moduleShape } from './module-shape.ts'
import type { Insert, ModuleShape } from './module-shape.ts'

export const FLOW_LANGUAGES = ['javascript', 'typescript', 'python'] as const
export type FlowLanguage = (typeof FLOW_LANGUAGES)[number]

/** Sources above this are refused before they are parsed. */
export const SOURCE_MAX_CHARS = 1024 * 1024

/** A flow's source as one function expression, its line numbers kept. */
export interface CompiledFlow {
  readonly code: string
  /** How far the first line was moved to the right. */
  readonly columnOffset: number
  /** The function's parameters. */
  readonly names: readonly string[]
  readonly bare: boolean
  readonly inserts: readonly Insert[]
}

export type CompileResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly line: number; readonly column: number }

/** Whether a flow's source can run, and if not, where it is wrong. Lines and columns count from 1. */
export function compileFlow(source: string, language: string): CompileResult {
  try {
    toFunction(source, language)
    return { ok: true }
  } catch (error) {
    if (!(error instanceof FlowSyntaxError)) throw error
    return { ok: false, message: error.message, line: error.line, column: error.column }
  }
}

const ENVIRONMENT = ['Date', 'Math', 'console', 'crypto', 'Intl', 'Temporal', 'globalThis']

/** The source as a function expression; throws FlowSyntaxError. */
export function toFunction(source: string, language: string): CompiledFlow {
  return compiled(moduleShape(withoutTypes(source, language)))
}

/** `hook`: one more parameter, for the debugger. */
export function compiled(shape: ModuleShape, hook: string | null = null): CompiledFlow {
  const names = ENVIRONMENT.filter((name) => shape.identifiers.has(name))
  if (shape.imports !== '') names.push('$api')
  if (shape.inserts.length > 0) names.push('$l')
  if (hook !== null) names.push(hook)
  if (shape.bare) names.push('system', 'self', 'inputs')
  const asynchronous = shape.bare || shape.awaits ? 'async ' : ''
  const inner = shape.bare
    ? `return (${asynchronous}function(){`
    : `return (${asynchronous}function(){let $default;`
  const prefix = `(function(${names.join(',')}){"use strict";${shape.imports}${inner}`
  const suffix = shape.bare ? '\n})()})' : `\nreturn ${shape.handler}})()})`
  const code = prefix + shape.code + suffix
  checkWhole(code)
  return { code, columnOffset: -prefix.length, names, bare: shape.bare, inserts: shape.inserts }
}

/** The source as JavaScript, every character where it was; throws FlowSyntaxError. */
export function withoutTypes(source: string, language: string): string {
  if (source.length > SOURCE_MAX_CHARS) {
    throw new FlowSyntaxError(
      `The source is longer than the limit of ${SOURCE_MAX_CHARS} characters. Split it into several flows.`,
      1,
      1,
    )
  }
  if (language === 'javascript') return source
  if (language === 'python') {
    throw new FlowSyntaxError(
      'Python flows cannot run yet: this version runs JavaScript and TypeScript.',
      1,
      1,
    )
  }
  if (language !== 'typescript') {
    throw new FlowSyntaxError(
      `The language "${language}" is not known: use "typescript" or "javascript".`,
      1,
      1,
    )
  }
  try {
    return stripTypeScriptTypes(source, { mode: 'strip' })
  } catch (error) {
    const bare = bareWithoutTypes(source)
    if (typeof bare === 'string') return bare
    const said = FlowSyntaxError.fromStrip(error, source)
    // Of a body only the second reading says what is wrong with it.
    throw said.message.startsWith('Return statement') ? bare : said
  }
}

const BODY = 'async function body() {'

/** A body that returns is no module. Stripping keeps every position, so what was added comes off again. */
function bareWithoutTypes(source: string): string | FlowSyntaxError {
  const body = `${BODY}${source}\n}`
  try {
    return stripTypeScriptTypes(body, { mode: 'strip' }).slice(BODY.length, -2)
  } catch (error) {
    const { message, line, column } = FlowSyntaxError.fromStrip(error, body)
    const shift = line === 1 ? BODY.length : 0
    return new FlowSyntaxError(message, line, Math.max(1, column - shift))
  }
}

/**
 * A module and a script read the same text differently in a few places (HTML comments). What was
 * found to be one module must still be one function when read the way it is run.
 */
function checkWhole(code: string): void {
  try {
    const { body } = parse(code, { ecmaVersion: 'latest', sourceType: 'script' })
    const [only] = body
    if (
      body.length === 1 &&
      only?.type === 'ExpressionStatement' &&
      only.expression.type === 'FunctionExpression'
    )
      return
  } catch {
    // Said below.
  }
  throw new FlowSyntaxError(
    'The source contains "<!--" or "-->" outside of a text, which a module may not.',
    1,
    1,
  )
}
