import { InvalidArgumentError } from 'commander'

const SECONDS_OF = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `90`, `90s`, `1.5m`, `2h` → seconds. */
export function parseSeconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('give a time like 90, 90s, 5m or 2h')
  const unit = (match[2] ?? 's') as keyof typeof SECONDS_OF
  return Number(match[1]) * SECONDS_OF[unit]
}

/** A whole number from 1 up. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidArgumentError('give a whole number, 1 or more')
  return count
}

/** Any whole number. */
export function parseWhole(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isInteger(number))
    throw new InvalidArgumentError('give a whole number')
  return number
}

/** `a,b` → both, added to what earlier options gave. */
export function collectWords(
  text: string,
  previous: readonly string[] | undefined,
): readonly string[] {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  return [...(previous ?? []), ...words]
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a person who typed this means a record by id rather than by name. */
export function looksLikeId(text: string): boolean {
  return UUID.test(text)
}

/** How to ask the API for what a person typed. */
export function byWhat(text: string): { by: 'id' | 'name' } {
  return { by: looksLikeId(text) ? 'id' : 'name' }
}
