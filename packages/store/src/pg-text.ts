/**
 * Text that a Postgres text column can hold: a NUL or half of a surrogate pair becomes U+FFFD.
 * Values (input, output, history) are json and keep what they are; this is for names and messages.
 */
export function pgText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

export const pgTextOrNull = (text: string | null): string | null =>
  text === null ? null : pgText(text)

/** Whether a text column can hold it as it is. What tells things apart has to be: `pgText` makes two one. */
export const isPgText = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** Whether Postgres can look into JSON that JSON.stringify has made: `->>` reads every string of it. */
export const isPgJson = (text: string): boolean =>
  !/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text)
