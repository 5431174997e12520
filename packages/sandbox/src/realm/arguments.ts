import type { ReturnWhen } from '@millrace/replay'
import { headOf } from './call-site.ts'
import { InvalidInputError, isRecord } from './exceptions.ts'

/** What authors pass, checked: a wrong one throws InvalidInputError that names it. */

export const ReturnWhenNames = Object.freeze({
  ALL_ENDED: 'ALL_ENDED',
  ALL_SUCCEEDED: 'ALL_SUCCEEDED',
  FIRST_ENDED: 'FIRST_ENDED',
  FIRST_SUCCEEDED: 'FIRST_SUCCEEDED',
} as const)

export const NAME_MAX = 128

export function invalid(
  api: string,
  argument: string,
  expected: string,
  given: unknown,
): InvalidInputError {
  return new InvalidInputError(`${api}: ${argument} must be ${expected}, not ${shown(given)}`)
}

export function textOf(api: string, argument: string, value: unknown): string {
  if (typeof value !== 'string') throw invalid(api, argument, 'a string', value)
  return value
}

export function nameOf(api: string, argument: string, value: unknown): string {
  const name = textOf(api, argument, value).trim()
  if (name === '') throw invalid(api, argument, 'a name that is not empty', value)
  if (name.length > NAME_MAX)
    throw invalid(api, argument, `at most ${NAME_MAX} characters long`, value)
  return name
}

/** What a signal says: any value is shown as text. */
export function messageOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : headOf(value)
}

/** Seconds from now, at most about 300 years. */
export function secondsOf(api: string, argument: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0) || value > 1e10) {
    throw invalid(api, argument, 'a number of seconds that is not negative', value)
  }
  return value
}

export function timeoutOf(api: string, value: unknown): number | null {
  return value === undefined || value === null ? null : secondsOf(api, 'timeout', value)
}

/** ms since 1970 of a Date, a number of ms or an RFC 3339 text. */
export function timeOf(api: string, argument: string, value: unknown): number {
  const time =
    value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : value
  if (typeof time !== 'number' || !Number.isFinite(time) || Math.abs(time) > 8.64e15) {
    throw invalid(api, argument, 'a Date, ms since 1970 or an RFC 3339 time', value)
  }
  return Math.floor(time)
}

export function returnWhenOf(
  api: string,
  argument: string,
  value: unknown,
  count: number,
): ReturnWhen {
  const expected =
    "'ALL_ENDED', 'ALL_SUCCEEDED', 'FIRST_ENDED', 'FIRST_SUCCEEDED', {ended: n} or {succeeded: n}"
  if (typeof value === 'string' && Object.hasOwn(ReturnWhenNames, value)) return value as ReturnWhen
  if (isRecord(value)) {
    const keys = Object.keys(value)
    const [key] = keys
    if (keys.length === 1 && (key === 'ended' || key === 'succeeded')) {
      const n = value[key]
      if (typeof n === 'number' && Number.isInteger(n) && n >= 1 && n <= count) {
        return key === 'ended' ? { ended: n } : { succeeded: n }
      }
      throw invalid(api, `${argument}.${key}`, `a whole number from 1 to ${count}`, n)
    }
  }
  throw invalid(api, argument, expected, value)
}

export function objectOf(api: string, argument: string, value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {}
  if (!isRecord(value)) throw invalid(api, argument, 'an object', value)
  return value
}

export function onlyKeys(
  api: string,
  argument: string,
  value: Record<string, unknown>,
  known: readonly string[],
): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new InvalidInputError(
        `${api}: ${argument} has no "${key}"; it knows ${known.join(', ')}`,
      )
    }
  }
}

export function booleanOf(api: string, argument: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(api, argument, 'true or false', value)
  return value
}

export function functionOf<T>(api: string, argument: string, value: unknown): () => T {
  if (typeof value !== 'function') throw invalid(api, argument, 'a function', value)
  return value as () => T
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return Array.isArray(value)
    ? 'an array'
    : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}
