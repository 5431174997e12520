import { TooMuch } from './run.ts'

/** The same text for values that JSON Schema takes for the same: order of keys aside, 1 and 1.0. */
export function canonical(value: unknown, depth = 0): string {
  if (depth > DEPTH_MAX) throw new TooMuch('too deep')
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, depth + 1)}`).join(',')}}`
  }
  return value === 0 ? '0' : (JSON.stringify(value) ?? 'null')
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const DEPTH_MAX = 200
