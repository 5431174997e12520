import { invalid, notFound } from '../problem.ts'

/** Part of a JSON value: what the pointer names, cut to `limit` items, entries or characters. */
export function sliceValue(
  text: string,
  slice: { readonly pointer: string | null; readonly limit: number | null },
): string {
  if (slice.pointer === null && slice.limit === null) return text
  const value = follow(JSON.parse(text) as unknown, slice.pointer ?? '')
  return JSON.stringify(slice.limit === null ? value : cut(value, slice.limit))
}

function follow(root: unknown, pointer: string): unknown {
  if (pointer === '') return root
  if (!pointer.startsWith('/'))
    throw invalid([{ pointer: '/pointer', message: 'must be empty or begin with / (RFC 6901)' }])
  let value = root
  for (const part of pointer.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key))
      throw notFound(`value at ${pointer}`)
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

function cut(value: unknown, limit: number): unknown {
  if (Array.isArray(value)) return value.slice(0, limit)
  if (typeof value === 'string') return value.slice(0, limit).toWellFormed()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).slice(0, limit))
}
