import type { Insert } from '../module-shape.ts'

/** Texts to be put into a source. None has a line break, so every line stays where it is. */
export class TextInserts {
  readonly #source: string
  readonly #inserts: { readonly at: number; readonly isBefore: boolean; readonly text: string }[] =
    []

  constructor(source: string) {
    this.#source = source
  }

  /** Before what begins at `at`; of several, the one that was added first comes first. */
  before(at: number, text: string): void {
    if (text !== '') this.#inserts.push({ at, isBefore: true, text })
  }

  /** Behind what ends at `at`, and so ahead of what begins there. */
  behind(at: number, text: string): void {
    if (text !== '') this.#inserts.push({ at, isBefore: false, text })
  }

  apply(): { readonly code: string; readonly inserts: readonly Insert[] } {
    const sorted = this.#inserts.toSorted(
      (a, b) => a.at - b.at || Number(a.isBefore) - Number(b.isBefore),
    )
    const inserts: Insert[] = []
    let code = ''
    let done = 0
    let line = 1
    let lineStart = 0
    for (const { at, text } of sorted) {
      const part = this.#source.slice(done, at)
      for (const { index, 0: lineBreak } of part.matchAll(LINE_BREAK)) {
        line++
        lineStart = done + index + lineBreak.length
      }
      inserts.push({ line, column: at - lineStart, length: text.length })
      code += part + text
      done = at
    }
    return { code: code + this.#source.slice(done), inserts }
  }
}

const LINE_BREAK = /\r\n|[\n\r\u2028\u2029]/g

/** Those of a first pass and of a second one over its result, as if made at once. */
export function composed(first: readonly Insert[], second: readonly Insert[]): Insert[] {
  const byLine = Map.groupBy(first, ({ line }) => line)
  const moved = second.map(({ line, column, length }) => ({
    line,
    column: columnBefore(byLine.get(line) ?? [], column),
    length,
  }))
  return [...first, ...moved].toSorted((a, b) => a.line - b.line || a.column - b.column)
}

/** Where a column of the changed line was; inside a text that was put in: where that was put. */
function columnBefore(inserts: readonly Insert[], column: number): number {
  let added = 0
  for (const insert of inserts) {
    const start = insert.column + added
    if (column < start) break
    if (column < start + insert.length) return insert.column
    added += insert.length
  }
  return column - added
}
