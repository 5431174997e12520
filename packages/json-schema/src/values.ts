import { RE2JS } from 're2js'
import { type Keyword, SchemaProblem } from './compiler.ts'
import { FORMAT_MAX_CHARS, FORMATS } from './formats.ts'
import { isMultiple } from './is-multiple.ts'
import type { Node, Run } from './run.ts'
import { canonical } from './same.ts'

/** Keywords about one value by itself: its type, numbers, texts. */
export const VALUES: Readonly<Record<string, Keyword>> = {
  type(value, { pointer }) {
    const names = typeof value === 'string' ? [value] : value
    if (!Array.isArray(names) || names.length === 0 || !names.every(isType))
      throw new SchemaProblem(pointer, `must be one of ${TYPES.join(', ')}, or a list of them`)
    const message = `must be ${names.join(' or ')}`
    return (given, run) => names.some((name) => IS[name](given)) || run.fail(message)
  },
  enum(values, { pointer }) {
    if (!Array.isArray(values)) throw new SchemaProblem(pointer, 'must be a list of values')
    const known = new Set(values.map((value) => canonical(value)))
    const message = `must be one of ${listOf(values)}`
    return (given, run) => {
      const text = canonical(given)
      run.spend(text.length >> 5)
      return known.has(text) || run.fail(message)
    }
  },
  const(value) {
    const known = canonical(value)
    const message = `must be ${listOf([value])}`
    return (given, run) => {
      const text = canonical(given)
      run.spend(text.length >> 5)
      return text === known || run.fail(message)
    }
  },
  multipleOf(value, { pointer }) {
    if (typeof value !== 'number' || value <= 0)
      throw new SchemaProblem(pointer, 'must be a number above 0')
    return ofNumbers(`must be a multiple of ${value}`, (given) => isMultiple(given, value))
  },
  maximum: bound('<=', (given, limit) => given <= limit),
  exclusiveMaximum: bound('<', (given, limit) => given < limit),
  minimum: bound('>=', (given, limit) => given >= limit),
  exclusiveMinimum: bound('>', (given, limit) => given > limit),
  maxLength(value, { pointer }) {
    const most = countOf(value, pointer)
    return ofTexts(
      `must have at most ${most} characters`,
      (given) => given.length <= most || Array.from(given).length <= most,
    )
  },
  minLength(value, { pointer }) {
    const least = countOf(value, pointer)
    return ofTexts(
      `must have at least ${least} characters`,
      (given) => given.length >= least && Array.from(given).length >= least,
    )
  },
  pattern(value, { pointer }) {
    if (typeof value !== 'string') throw new SchemaProblem(pointer, 'must be a regular expression')
    const pattern = compilePattern(value, pointer)
    return (given, run) => {
      if (typeof given !== 'string') return true
      return pattern(given, run) || run.fail(`must match the pattern ${JSON.stringify(value)}`)
    }
  },
  format(value, { pointer }) {
    if (typeof value !== 'string') throw new SchemaProblem(pointer, 'must be the name of a format')
    const isFormat = FORMATS.get(value)
    if (isFormat === undefined) return null
    return ofTexts(
      `must be of the format ${value}`,
      (given) => given.length <= FORMAT_MAX_CHARS && isFormat(given),
    )
  },
}

/** Over an engine without backtracking; one that cannot do without is refused. Spends its steps itself. */
export function compilePattern(
  pattern: string,
  pointer: string,
): (text: string, run: Run) => boolean {
  try {
    const compiled = RE2JS.compile(pattern)
    const size = compiled.programSize()
    return (text, run) => {
      // At each character of a long text, a match may be at every place of the pattern at once.
      run.spend(text.length * (1 + (Math.min(size, text.length) >> 6)))
      return compiled.matcher(text).find()
    }
  } catch (error) {
    const why = error instanceof Error ? `: ${error.message.slice(0, 200)}` : ''
    throw new SchemaProblem(pointer, `the pattern cannot run in linear time${why}`)
  }
}

/** A whole number from 0. */
export function countOf(value: unknown, pointer: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  throw new SchemaProblem(pointer, 'must be a whole number from 0')
}

function bound(sign: string, fits: (given: number, limit: number) => boolean): Keyword {
  return (limit, { pointer }) => {
    if (typeof limit !== 'number') throw new SchemaProblem(pointer, 'must be a number')
    return ofNumbers(`must be ${sign} ${limit}`, (given) => fits(given, limit))
  }
}

const ofNumbers =
  (message: string, fits: (given: number) => boolean): Node =>
  (given, run) =>
    typeof given !== 'number' || fits(given) || run.fail(message)

const ofTexts =
  (message: string, fits: (given: string) => boolean): Node =>
  (given, run) => {
    if (typeof given !== 'string') return true
    run.spend(given.length >> 6)
    return fits(given) || run.fail(message)
  }

const IS = {
  array: (value) => Array.isArray(value),
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => typeof value === 'number' && Number.isInteger(value),
  null: (value) => value === null,
  number: (value) => typeof value === 'number',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  string: (value) => typeof value === 'string',
} as const satisfies Readonly<Record<string, (value: unknown) => boolean>>

const TYPES = Object.keys(IS)
const isType = (name: unknown): name is keyof typeof IS =>
  typeof name === 'string' && Object.hasOwn(IS, name)

function listOf(values: readonly unknown[]): string {
  const text = values.map((value) => JSON.stringify(value)).join(', ')
  return text.length > LIST_MAX_CHARS ? `${text.slice(0, LIST_MAX_CHARS)}…` : text
}
const LIST_MAX_CHARS = 500
