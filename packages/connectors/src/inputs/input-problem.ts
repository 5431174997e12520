/** One thing wrong with the inputs. `name` is the class that the flow's code catches. */
export interface InputProblem {
  readonly name: 'MissingInputError' | 'InvalidInputError' | 'ExtraInputError'
  /** JSON pointer into the merged inputs. */
  readonly pointer: string
  readonly message: string
}

export const missing = (pointer: string, message: string): InputProblem => ({
  name: 'MissingInputError',
  pointer,
  message,
})

export const invalid = (pointer: string, message: string): InputProblem => ({
  name: 'InvalidInputError',
  pointer,
  message,
})

export const notAvailableYet = (pointer: string, what: string): InputProblem =>
  invalid(pointer, `${what} is not available yet`)

/** The class of a whole answer: what is absent first, then what is wrong, then what is too much. */
export function nameOf(problems: readonly InputProblem[]): InputProblem['name'] {
  const names = new Set(problems.map((problem) => problem.name))
  if (names.has('MissingInputError')) return 'MissingInputError'
  return names.has('InvalidInputError') ? 'InvalidInputError' : 'ExtraInputError'
}
