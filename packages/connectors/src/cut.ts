/** At most `maxLength` characters of a text, with a sign when there was more. */
export const cut = (text: string, maxLength: number): string =>
  text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).toWellFormed()}…`

/** Characters of the message of an end, as everywhere (docs/limits.md). */
export const MESSAGE_MAX_LENGTH = 32_768
