import { cut } from '../cut.ts'

/** One thing wrong with the inputs. `name` is the class that the flow's code catches. */
export interface InputProblem {
  readonly name: 'MissingInputError' | 'InvalidInputError' | 'ExtraInputError'
  /** JSON pointer into the merged inputs. */
  readonly pointer: string
  readonly message: string
}

/** How many problems of one answer are shown; what is past them is said to be there. */
export const PROBLEMS_MAX = 100

/** The first problems, each short enough to be read: a key of the inputs may have megabytes. */
export const shownOf = (problems: readonly InputProblem[]): InputProblem[] =>
  problems.slice(0, PROBLEMS_MAX).map(({ name, pointer, message }) => ({
    name,
    pointer: cut(pointer, PROBLEM_TEXT_MAX_LENGTH),
    message: cut(message, PROBLEM_TEXT_MAX_LENGTH),
  }))

// Room for the longest list of accepted keys.
const PROBLEM_TEXT_MAX_LENGTH = 1_024

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
