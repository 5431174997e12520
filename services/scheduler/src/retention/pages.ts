/** Runs one statement and then rests for a multiple of what it took. */
export type Paced = <T>(work: () => Promise<T>) => Promise<T>

/** The pages of a walk, one after the other. */
export async function* pages<Page extends { readonly next: string | null }>(
  paced: Paced,
  read: (after: string | null) => Promise<Page>,
): AsyncGenerator<Page> {
  let after: string | null = null
  do {
    const from: string | null = after
    const page: Page = await paced(() => read(from))
    yield page
    after = page.next
  } while (after !== null)
}
