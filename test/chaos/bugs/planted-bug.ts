/** A fault of the product, as exact replacements in its sources: the suite must turn red with it. */
export interface PlantedBug {
  readonly name: string
  /** What is wrong with it, in one sentence. */
  readonly about: string
  /** Those of docs/chaos.md that it breaks; finding any of them broken counts. */
  readonly invariants: readonly string[]
  readonly edits: readonly Edit[]
  /** Rows of the chaos matrix to ask when the simulation does not see it, the likeliest first. */
  readonly rows: readonly string[]
}

export interface Edit {
  /** From the root of the tree. */
  readonly file: string
  /** Occurs in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** The text with the edit applied. Throws when `find` is not there exactly once. */
export function applyEdit(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find)
  if (parts.length !== 2)
    throw new Error(`${file}: found ${parts.length - 1} times instead of once:\n${find}`)
  return parts.join(replace)
}
