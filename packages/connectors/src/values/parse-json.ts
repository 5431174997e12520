/**
 * Parses JSON. `string` keeps integers that a number cannot hold exactly (beyond ±2^53) as strings
 * of their digits; `number` rounds them, as JSON.parse does.
 */
export function parseJson(text: string, bigNumbers: 'number' | 'string'): unknown {
  if (bigNumbers === 'number' || !LONG_DIGITS.test(text)) return JSON.parse(text) as unknown
  const parse = JSON.parse as (text: string, reviver: Reviver) => unknown
  return parse(text, (_key, value, context) =>
    typeof value === 'number' && isBeyond(value, context.source ?? '') ? context.source : value,
  )
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

// Without sixteen digits in a row there is nothing to keep, and the plain parser is faster.
const LONG_DIGITS = /\d{16}/

const isBeyond = (value: number, source: string): boolean =>
  !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
