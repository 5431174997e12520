import type { CommandKind, HistoryEntry } from './history.ts'

/** What the code does now, where the history has something else. Null: it makes no call at all. */
export interface ActualCall {
  readonly kind: CommandKind
  readonly label: string
  readonly line: number | null
  readonly digest: string
}

/** Tells a person how a replay left its history. `expected` null: the history has no such call. */
export function describeDivergence(
  seq: number,
  expected: HistoryEntry | null,
  actual: ActualCall | null,
): string {
  const before = expected === null ? 'no call' : callText(expected)
  const now = actual === null ? 'makes no further call' : `makes ${callText(actual)}`
  const why =
    expected !== null &&
    actual !== null &&
    expected.kind === actual.kind &&
    expected.label === actual.label
      ? ' with other arguments'
      : ''
  return (
    `The replay has left its history at call ${seq}: recorded was ${before}, the code now ${now}${why}. ` +
    'Code between two calls must depend on nothing but its inputs and the answers of earlier calls; ' +
    'put what changes from run to run into a step. ' +
    (seq === 1
      ? 'No savepoint fits: rerun it from the beginning.'
      : `The last savepoint that fits is ${seq - 1}: revert to it, or rerun from it.`)
  )
}

/** Whether the call that the code makes is the one in the history. */
export function isSameCall(expected: HistoryEntry, actual: ActualCall): boolean {
  return (
    expected.digest === actual.digest &&
    expected.kind === actual.kind &&
    expected.label === actual.label
  )
}

function callText(call: { kind: string; label: string; line: number | null }): string {
  const label = call.label === '' ? '' : ` "${call.label}"`
  return `${call.kind}${label}${call.line === null ? '' : ` (line ${call.line})`}`
}
