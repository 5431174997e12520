export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export type EndStatus = 'ENDED_SUCCESS' | 'ENDED_ERROR' | 'ENDED_CANCELLED'

/** One way in which a program may end. */
export interface Outcome {
  readonly status: EndStatus
  /** Without `sections`. Undefined: whatever it had set. */
  readonly output: Json | undefined
  /** Null: not told, because it is a stack. */
  readonly message: string | null
  /** Paths of effects that happened, each once, when all of its tree has come to rest. */
  readonly effects: readonly string[]
  /** Paths of effects that may have happened besides. */
  readonly maybeEffects: readonly string[]
  /** The same of the log lines of the whole tree. */
  readonly logs: readonly string[]
  readonly maybeLogs: readonly string[]
  /** It cannot have ended sooner after its start. */
  readonly notBeforeMs: number
}

/** All ways in which a program may end; one, where nothing is left to chance. */
export interface Expectation {
  readonly outcomes: readonly Outcome[]
}

/** More ways to end than are worth listing. */
export class TooManyOutcomes extends Error {
  override readonly name = 'TooManyOutcomes'
}
