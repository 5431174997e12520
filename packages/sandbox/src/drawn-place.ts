/**
 * The place that Node's type stripping means, counted from 1. Its error says it in a drawing at the
 * head of the stack only: `:<line>`, the line and one around it, and carets below the line. A place
 * that spans lines has no carets and counts as the beginning of its first line; one behind all
 * text has none either and counts as the end of its line.
 */
export function drawnPlace(stack: string, source: string): { line: number; column: number } {
  const [head = '', ...rest] = stack.split('\n')
  const line = Number(/^:(\d+)$/.exec(head)?.[1] ?? 1)
  const text = source.split(/\r\n|\n|\r/)[line - 1] ?? ''
  const drawn = rest.slice(0, rest.lastIndexOf('', rest.findIndex(isMessage)))
  if (drawn.some((row) => row.startsWith('  > '))) return { line, column: text.search(/\S|$/) + 1 }
  const carets = drawn.findLast((row, at) => at > 0 && /^ *\^+$/.test(row))
  if (carets === undefined) return { line, column: text.length + 1 }
  return { line, column: charsWithin(text, carets.indexOf('^')) + 1 }
}

const isMessage = (row: string): boolean => /^\w*Error\b/.test(row)

const WIDE =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u
const DRAWN_TAB = 4

/** How many UTF-16 units of a line are drawn in so many cells of a terminal. */
function charsWithin(line: string, cells: number): number {
  let chars = 0
  let cell = 0
  for (const char of line) {
    if (cell >= cells) break
    chars += char.length
    if (char === '\t') cell += DRAWN_TAB - (cell % DRAWN_TAB)
    else if (!/[\p{M}\p{Cf}]/u.test(char)) cell += WIDE.test(char) ? 2 : 1
  }
  return chars
}
