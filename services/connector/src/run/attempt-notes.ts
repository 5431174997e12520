import type { AttemptDetails, AttemptError } from '@millrace/connectors'

/** What the connector service keeps in an attempt's `details`. */
export interface AttemptNotes {
  /** Of the execution when the attempt was made: attempts of a former generation do not count. */
  readonly generation: number
  /** 1 for the first attempt of a generation. */
  readonly nth: number
  /** An attempt before it, of this generation, may have had its effect: whatever comes of this one. */
  readonly mayHaveHappened?: true
  readonly record?: AttemptDetails
  readonly error?: AttemptError
  /** The whole answer, when it came while the execution was not held: it waits for it here. */
  readonly answer?: KeptAnswer
}

export interface KeptAnswer {
  readonly status: 'ENDED_SUCCESS' | 'ENDED_ERROR'
  readonly message: string | null
  /** JSON text. */
  readonly output: string
}

export const writeNotes = (notes: AttemptNotes): string => JSON.stringify(notes)

/** Null for what this service has not written. */
export function readNotes(details: string | null): AttemptNotes | null {
  if (details === null) return null
  const notes = JSON.parse(details) as Partial<AttemptNotes> | null
  if (typeof notes?.generation !== 'number' || typeof notes.nth !== 'number') return null
  return notes as AttemptNotes
}
