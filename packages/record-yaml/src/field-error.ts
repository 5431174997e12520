/** What is wrong at one place of the text. */
export interface FieldError {
  /** The document, counted from 0, and the place in it: `/2/execution/status`. */
  readonly pointer: string
  readonly message: string
  /** In the text, from 1, where it is known. */
  readonly line?: number
  readonly column?: number
}

/** Collects what is wrong; after the first hundred nobody reads on. */
export interface Faults {
  readonly errors: FieldError[]
  add(error: FieldError): void
}

export function collectFaults(): Faults {
  const errors: FieldError[] = []
  return {
    errors,
    add: (error) => {
      if (errors.length < ERRORS_MAX) errors.push(error)
    },
  }
}

const ERRORS_MAX = 100

/** One more step of a JSON pointer (RFC 6901). */
export const below = (pointer: string, key: string | number): string =>
  `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
