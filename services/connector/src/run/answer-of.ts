import type { AttemptError, InputError } from '@millrace/connectors'
import type { KeptAnswer } from './attempt-notes.ts'

/** How a connection ends that has reached its aim. */
export const successAnswer = (output: Record<string, unknown>): KeptAnswer => ({
  status: 'ENDED_SUCCESS',
  message: null,
  output: JSON.stringify(output),
})

/** How a connection ends that has not. */
export const failureAnswer = (error: AttemptError | InputError): KeptAnswer => ({
  status: 'ENDED_ERROR',
  message: error.message,
  output: JSON.stringify({ error }),
})

/** The process that made the attempt is gone, and nobody may decide on a repeat but a person. */
export const unknownAnswer = (why: string): KeptAnswer =>
  failureAnswer({
    code: 'OUTCOME_UNKNOWN',
    phase: 'wait',
    outcome: 'unknown',
    message: `${why} The request may have taken effect. Check on the far side, then revert this execution or go on without it.`,
  })
