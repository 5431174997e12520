/** Where what was printed leaves what the page shows. */
export interface Difference {
  /** Of the shown line, from 0; the number of lines when more was printed than is shown. */
  readonly at: number
  readonly shown: string | null
  readonly printed: string | null
}

/** Stands for any text within a line, and alone in a line for any lines. */
const ANYTHING = '…'

/**
 * Null when it is what is shown. Widths of columns do not count: two blanks or more are two blanks.
 * Otherwise the furthest place up to which it fits.
 */
export function findDifference(shown: readonly string[], printed: string): Difference | null {
  const wanted = shown.map(squeeze)
  const lines = printed.trimEnd() === '' ? [] : printed.trimEnd().split('\n').map(squeeze)
  const seen = new Set<string>()
  const places: (readonly [number, number])[] = [[0, 0]]
  let furthest: readonly [number, number] = [0, 0]
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const [at, line] = place
    if (seen.has(`${at} ${line}`)) continue
    seen.add(`${at} ${line}`)
    if (at === wanted.length && line === lines.length) return null
    if (at > furthest[0] || (at === furthest[0] && line > furthest[1])) furthest = place
    const [want, got] = [wanted[at], lines[line]]
    if (want === undefined) continue
    if (want.trim() === ANYTHING) {
      if (got !== undefined) places.push([at, line + 1])
      places.push([at + 1, line])
    } else if (got !== undefined && fits(want, got)) places.push([at + 1, line + 1])
  }
  const [at, line] = furthest
  return { at, shown: shown[at] ?? null, printed: lines[line] ?? null }
}

const squeeze = (line: string): string => line.trimEnd().replaceAll(/(?<=\S) {2,}/g, '  ')

function fits(shown: string, printed: string): boolean {
  const parts = shown.split(ANYTHING)
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  if (parts.length === 1) return shown === printed
  if (!printed.startsWith(first) || !printed.endsWith(last)) return false
  let from = first.length
  for (const part of parts.slice(1, -1)) {
    const at = printed.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return printed.length - last.length >= from
}
