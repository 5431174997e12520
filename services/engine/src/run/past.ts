import {
  type Answer,
  type HistoryEntry,
  type Outcome,
  PAST_MAX_BYTES,
  type Value,
} from '@millrace/replay'
import type { ActivationCommit, Payload } from '@millrace/store'

/**
 * The past of an execution is what a replay of it needs: its history and the answers to its calls. It
 * grows by each answer that the code is given and by each commit. Whoever passes the limit ends while it
 * is still suspended in the sandbox, where it needs none of it: what goes on can always be replayed.
 */
export const isTooMuch = (bytes: number): boolean => bytes > PAST_MAX_BYTES

/** What the execution ends with. */
export const TOO_MUCH = `The history of the execution and the answers to its calls have more than ${PAST_MAX_BYTES / 2 ** 20} MiB as JSON, the limit of what can be replayed. Split the work over child flows, make outputs smaller, or keep large values in files.`

/** Bytes of answers, with the values that they refer to, as a load counts them. */
export function bytesOfAnswers(answers: readonly Pick<Answer, 'outcome'>[]): number {
  let bytes = 0
  for (const { outcome } of answers)
    bytes += Buffer.byteLength(JSON.stringify(outcome)) + bytesBeside(outcome)
  return bytes
}

/** Bytes that a loaded past has besides its rows. */
export function bytesReferredTo(past: {
  readonly history: readonly HistoryEntry[]
  readonly answers: readonly Answer[]
}): number {
  let bytes = 0
  for (const { outcome } of past.history) if (outcome !== undefined) bytes += bytesBeside(outcome)
  for (const { outcome } of past.answers) bytes += bytesBeside(outcome)
  return bytes
}

/** Bytes that a commit adds to the past. */
export function bytesOfCommit(
  { history }: Pick<ActivationCommit, 'history'>,
  payloads: readonly Payload[],
): number {
  let bytes = history === null ? 0 : Buffer.byteLength(history.entries)
  for (const { text } of payloads) bytes += Buffer.byteLength(text)
  return bytes
}

export function valuesOf(outcome: Outcome): Value[] {
  if (outcome.kind === 'value') return [outcome.value]
  return outcome.kind === 'dependency' ? outcome.ended.map((ended) => ended.output) : []
}

function bytesBeside(outcome: Outcome): number {
  let bytes = 0
  for (const value of valuesOf(outcome)) if ('p' in value) bytes += value.p.size
  return bytes
}
