/**
 * Text that a Postgres text column can hold: a NUL or half of a surrogate pair becomes U+FFFD.
 * Values (input, output, history) are json and keep what they are; this is for names and messages.
 */
export function pgText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

export const pgTextOrNull = (text: string | null): string | null =>
  text === null ? null : pgText(text)
