import { ServiceError } from './service-error.ts'

/**
 * The readers of the environment. Only a service's `config.ts` calls them; an empty value counts as
 * unset, so that `NAME= command` means the default. A value that cannot be read throws `invalid`.
 */
export function envStr(name: string): string | undefined
export function envStr(name: string, fallback: string): string
export function envStr(name: string, fallback?: string): string | undefined {
  const value = process.env[name]?.trim()
  return value === undefined || value === '' ? fallback : value
}

/** A variable without which the process cannot work. Throws `invalid` naming it. */
export function envRequired(name: string): string {
  const value = envStr(name)
  if (value === undefined) throw new ServiceError('invalid', `${name} is not set`)
  return value
}

/** A whole number, in the unit that the variable's name says. */
export function envInt(name: string): number | undefined
export function envInt(name: string, fallback: number): number
export function envInt(name: string, fallback?: number): number | undefined {
  const value = envStr(name)
  if (value === undefined) return fallback
  const number = Number(value)
  if (!/^[+-]?\d+$/.test(value) || !Number.isSafeInteger(number))
    throw new ServiceError('invalid', `${name} is not a whole number: ${value}`)
  return number
}

/** true, 1, yes, on or false, 0, no, off, in any case of letters. */
export function envBool(name: string): boolean | undefined
export function envBool(name: string, fallback: boolean): boolean
export function envBool(name: string, fallback?: boolean): boolean | undefined {
  const value = envStr(name)?.toLowerCase()
  if (value === undefined) return fallback
  if (TRUE.has(value)) return true
  if (FALSE.has(value)) return false
  throw new ServiceError('invalid', `${name} is neither true nor false: ${value}`)
}

/** Values between commas, trimmed, the empty ones left out. */
export function envList(name: string, fallback: readonly string[] = []): readonly string[] {
  const value = envStr(name)
  if (value === undefined) return fallback
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

const TRUE = new Set(['true', '1', 'yes', 'on'])
const FALSE = new Set(['false', '0', 'no', 'off'])
