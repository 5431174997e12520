import { mayRepeat, mergeInputs, prepareAttempt, type RepeatClass } from '@millrace/connectors'
import type { LoadedConnection } from '@millrace/store'
import { failureAnswer, unknownAnswer } from './answer-of.ts'
import { type AttemptNotes, type KeptAnswer, readNotes } from './attempt-notes.ts'

/** What to do with a connection that was dispatched. */
export type Plan =
  /** Make an attempt. */
  | {
      readonly kind: 'attempt'
      readonly attempt: number
      readonly nth: number
      /** See AttemptNotes. */
      readonly mayHaveHappened: boolean
      readonly connectorType: string
      readonly repeatClass: RepeatClass
      readonly input: unknown
    }
  /** End it without an attempt. */
  | { readonly kind: 'end'; readonly answer: KeptAnswer; readonly lost: boolean }
  /** Its attempt is under way in this process. */
  | { readonly kind: 'adopt' }
  /** Its attempt is under way in another process, which is to take it back. */
  | { readonly kind: 'defer'; readonly processId: string }
  /** Moved since it was dispatched. */
  | { readonly kind: 'skip' }

/**
 * Decides by the row and its last attempt. The attempt's row is the marker: claimed and not ended,
 * its process gone, means that the request may have left.
 */
export function planConnection(
  row: LoadedConnection,
  self: { readonly version: number; readonly processId: string; readonly isRunning: boolean },
): Plan {
  if (row.status !== 'WAITING_ENGINE' || row.version !== self.version) return { kind: 'skip' }
  const last = row.lastAttempt
  const notes = readNotes(last?.details ?? null)
  const isOurs = notes?.generation === row.generation
  const repeatClass = (last?.repeatClass ?? 'never') as RepeatClass
  if (last !== null && !last.isEnded && isOurs) {
    if (self.isRunning) return { kind: 'adopt' }
    if (last.isAlive && last.processId !== self.processId)
      return { kind: 'defer', processId: last.processId }
    if (!mayRepeat(repeatClass))
      return end(
        unknownAnswer('The connector process was lost during the attempt.', repeatClass),
        true,
      )
  }
  if (isOurs && notes.answer !== undefined) return end(notes.answer, false)
  const nth = isOurs ? notes.nth + 1 : 1
  if (nth > ATTEMPTS_MAX)
    return end(unknownAnswer(`Given up after ${ATTEMPTS_MAX} attempts.`, repeatClass), false)
  const mayHaveHappened =
    isOurs && last !== null && leavesDoubt(notes, last.repeatClass, last.outcome ?? 'unknown')
  return attemptOf(row, { attempt: (last?.attempt ?? 0) + 1, nth, mayHaveHappened })
}

/** The first one and three repeats. */
export const ATTEMPTS_MAX = 4

const end = (answer: KeptAnswer, lost: boolean): Plan => ({ kind: 'end', answer, lost })

function attemptOf(
  row: LoadedConnection,
  next: { readonly attempt: number; readonly nth: number; readonly mayHaveHappened: boolean },
): Plan {
  const { mayHaveHappened } = next
  const connectorType = row.kept?.connectorType ?? row.connectorType
  if (connectorType === null || (row.usesKept && row.kept === null))
    return end(
      failureAnswer(
        {
          code: 'INPUT',
          name: 'InvalidInputError',
          phase: 'resolve',
          outcome: 'none',
          message:
            'The connector that this connection uses was deleted. Restore it, or name another.',
          problems: [],
        },
        mayHaveHappened,
      ),
      false,
    )
  const input = mergeInputs(parse(row.kept?.value), parse(row.input))
  const prepared = prepareAttempt({ connectorType, input })
  if (!prepared.ok) return end(failureAnswer(prepared.error, mayHaveHappened), false)
  return { kind: 'attempt', ...next, connectorType, repeatClass: prepared.repeatClass, input }
}

const parse = (text: string | null | undefined): unknown =>
  text === null || text === undefined ? null : (JSON.parse(text) as unknown)

/** Notes of an attempt that is about to be made. */
export const openNotes = (
  generation: number,
  { nth, mayHaveHappened }: { readonly nth: number; readonly mayHaveHappened: boolean },
): AttemptNotes => ({ generation, nth, ...(mayHaveHappened && { mayHaveHappened }) })

/** Whether after this attempt its effect, or that of one before it, may be there. Safe ones have none. */
export const leavesDoubt = (
  before: { readonly mayHaveHappened?: boolean },
  repeatClass: string,
  outcome: string,
): boolean => before.mayHaveHappened === true || (outcome === 'unknown' && repeatClass !== 'safe')
