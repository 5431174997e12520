import type { Problem } from './problem.ts'

/** The server answered, and the answer is an error. `problem` is what it said about it. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly problem: Problem
  /** Whether the same request may succeed later without a change, and how long the server asks to wait. */
  readonly retryable: boolean
  readonly retryAfterMs: number | null

  constructor(problem: Problem, hint: { retryable: boolean; retryAfterMs: number | null }) {
    super(problem.detail === null ? problem.title : `${problem.title}: ${problem.detail}`)
    this.status = problem.status
    this.problem = problem
    this.retryable = hint.retryable
    this.retryAfterMs = hint.retryAfterMs
  }
}
