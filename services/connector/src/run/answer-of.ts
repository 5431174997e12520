import type { AttemptError, InputError, RepeatClass } from '@millrace/connectors'
import type { KeptAnswer } from './attempt-notes.ts'

/** How a connection ends that has reached its aim. */
export const successAnswer = (output: Record<string, unknown>): KeptAnswer => ({
  status: 'ENDED_SUCCESS',
  message: null,
  output: JSON.stringify(output),
})

/**
 * How a connection ends that has not. The answer is about all its attempts: where one before the last
 * may have had its effect, the last one's `none` or `known` is not the whole truth.
 */
export function failureAnswer(
  error: AttemptError | InputError,
  mayHaveHappened = false,
): KeptAnswer {
  const told: AttemptError | InputError =
    mayHaveHappened && error.outcome !== 'unknown'
      ? {
          ...error,
          outcome: 'unknown',
          message: `${error.message} An earlier attempt may have taken effect.`,
        }
      : error
  return { status: 'ENDED_ERROR', message: told.message, output: JSON.stringify({ error: told }) }
}

/** The process that made the attempt is gone, and nobody may decide on a repeat but a person. */
export const unknownAnswer = (why: string, repeatClass: RepeatClass): KeptAnswer =>
  failureAnswer({
    code: 'OUTCOME_UNKNOWN',
    phase: 'wait',
    outcome: 'unknown',
    message: `${why} ${repeatClass === 'safe' ? WITHOUT_EFFECT : WITH_EFFECT} this execution or go on without it.`,
  })

const WITHOUT_EFFECT = 'It only reads, so nothing was changed. Rerun'
const WITH_EFFECT = 'The request may have taken effect. Check on the far side, then rerun'
