import { Cron } from 'croner'
import type { ClockRule } from './clock-rule.ts'

/** A cron expression as a rule for clocks. Throws a RangeError that says what is wrong with it. */
export function cronRule(text: string): ClockRule {
  const expression = expand(text)
  const fields = expression.split(/\s+/)
  if (fields.length !== 5 && fields.length !== 6)
    throw new RangeError(
      `has ${fields.length} fields; it needs 5 (minute hour day month weekday) or 6 (second before them)`,
    )
  const all = fields.length === 6 ? fields : ['0', ...fields]
  const [second = '', minute = '', hour = ''] = all
  checkNumbers(all)
  const cron = parse(expression)
  const next = (afterReading: number): number | null => {
    // croner counts whole seconds from the one that it is given.
    const found = cron.nextRun(new Date(Math.floor(afterReading / 1_000) * 1_000))
    return found === null ? null : found.getTime()
  }
  if (next(FIRST_READING) === null)
    throw new RangeError('never matches a date; check its day against its month')
  return {
    next,
    repeats: isWild(second, 60) || isWild(minute, 60) || isWild(hour, 24),
    // Whoever fires in every hour has a time soon after the gap anyway.
    makesUp: valuesOf(hour, 24).size < 24,
  }
}

function expand(text: string): string {
  const expression = text.trim()
  if (expression.length > CHARS_MAX) throw new RangeError(`is longer than ${CHARS_MAX} characters`)
  if (!expression.startsWith('@')) return expression
  const meaning = NICKNAMES[expression.toLowerCase()]
  if (meaning === undefined)
    throw new RangeError(`must be one of ${Object.keys(NICKNAMES).join(', ')}, or fields`)
  return meaning
}

/** The library names a field by its place and counts days from 0; people do neither. */
function checkNumbers(fields: readonly string[]): void {
  for (const [index, [name, low, high]] of FIELDS.entries())
    for (const part of (fields[index] ?? '').split(',')) {
      const range = part
        .replace(/[/#].*$/, '')
        .replace(/^\+/, '')
        .replace(/[LW]+$/i, '')
      for (const text of range.split('-'))
        if (/^\d+$/.test(text) && (Number(text) < low || Number(text) > high))
          throw new RangeError(`has ${text} as its ${name}, which is ${low} to ${high}`)
    }
}

function parse(expression: string): Cron {
  try {
    return new Cron(expression, { utcOffset: 0, mode: '5-or-6-parts' })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new RangeError(`is no cron expression: ${message.replace(/^\w+: /, '')}`, {
      cause: error,
    })
  }
}

/** Says "every" and not "at": a star, a step over all of it, or all of its values. */
const isWild = (field: string, size: number): boolean =>
  field.split(',').some((part) => /^[*?]/.test(part)) || valuesOf(field, size).size === size

/** The values of a field of plain numbers, which croner has accepted. */
function valuesOf(field: string, size: number): ReadonlySet<number> {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/')
    const [low = '', high = low] = /^[*?]/.test(range) ? ['0', String(size - 1)] : range.split('-')
    for (let value = Number(low); value <= Number(high); value += Math.max(1, Number(step)))
      values.add(value)
  }
  return values
}

const FIELDS: readonly (readonly [name: string, low: number, high: number])[] = [
  ['second', 0, 59],
  ['minute', 0, 59],
  ['hour', 0, 23],
  ['day of the month', 1, 31],
  ['month', 1, 12],
  ['weekday', 0, 7],
]

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** Far beyond what anybody writes, and short enough to be read back in an error. */
const CHARS_MAX = 256
const FIRST_READING = 0
