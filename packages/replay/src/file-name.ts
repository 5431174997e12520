/** Characters of a file's name at most. */
export const FILE_NAME_MAX = 512

/** Why a name is no path of a file, as a sentence that follows "the name"; null when it is one. */
export function fileNameProblem(name: string): string | null {
  if (name.length === 0 || name.length > FILE_NAME_MAX)
    return `must have 1 to ${FILE_NAME_MAX} characters`
  if (/[\0-\u001F\u007F]/.test(name) || !name.isWellFormed())
    return 'holds a character of control or half a surrogate pair'
  if (name.trim() !== name) return 'must not begin or end with a blank'
  if (name.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return 'must be a path such as reports/2026/sales.csv, without empty parts, . and ..'
  return null
}
