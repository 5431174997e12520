import type { HistoryEntry, Outcome } from './history.ts'

/** An answer as far as a cut has to know it. */
export interface GivenAnswer {
  readonly position: number
  readonly seq: number
  readonly kind: Outcome['kind']
}

/** What an execution had done and was waiting for right after one of its calls. */
export interface Stand {
  /** The call that it stands after: at most the one that was asked for. 0: its beginning. */
  readonly seq: number
  readonly entries: readonly HistoryEntry[]
  /** The answers that count, by position, with the positions that they had. */
  readonly answers: readonly GivenAnswer[]
  /** Calls that were waiting for an answer. */
  readonly open: readonly HistoryEntry[]
  /** Names of the locks that it held, each once. */
  readonly locks: readonly string[]
}

/**
 * Where an execution stood once call `seq` had come back. Of the answers to calls up to there those count
 * that the code may have seen by then: up to the answer of that call itself, or, where it has none of its
 * own, all that came before the first answer to a later call. So each call up to there is made again in a
 * replay, and what has come later is open. `answers` by rising position.
 */
export function standAt(
  history: readonly HistoryEntry[],
  answers: readonly GivenAnswer[],
  seq: number,
): Stand {
  const all = new Set(answers.map((answer) => answer.seq))
  const last = lastWhole(history, all, seq)
  const entries = history.slice(0, last)
  const until = lastSeen(answers, last)
  const counted = answers.filter((answer) => answer.seq <= last && answer.position <= until)
  const kindOf = new Map(counted.map((answer) => [answer.seq, answer.kind]))
  return {
    seq: last,
    entries,
    answers: counted,
    open: entries.filter((entry) => entry.outcome === undefined && waits(entry, kindOf)),
    locks: heldLocks(entries, kindOf),
  }
}

/** The number of the newest savepoint of this name, or null. */
export function findSavepoint(history: readonly HistoryEntry[], name: string): number | null {
  const found = history.findLast(({ kind, label }) => kind === 'savepoint' && label === name)
  return found?.seq ?? null
}

/**
 * The last call that a life can begin after: not a stop of the debugger that nobody has answered, nor a
 * step that it has interrupted, nor the call that went back.
 */
export function lastWhole(
  history: readonly HistoryEntry[],
  answered: ReadonlySet<number>,
  seq: number,
): number {
  for (let last = Math.min(seq, history.length); last > 0; last--) {
    const entry = history[last - 1]
    if (entry === undefined) continue
    const isOpen = entry.outcome === undefined && !answered.has(entry.seq)
    if (entry.kind === 'revert') continue
    if (isOpen && (entry.kind === 'break' || entry.kind === 'step')) continue
    return last
  }
  return 0
}

function lastSeen(answers: readonly GivenAnswer[], seq: number): number {
  const own = answers.find((answer) => answer.seq === seq)?.position
  if (own !== undefined) return own
  const later = answers.find((answer) => answer.seq > seq)?.position
  return later === undefined ? Number.POSITIVE_INFINITY : later - 1
}

/** A step that was stopped in is no wait: its outcome stands under a call of its own. */
const waits = ({ kind, seq }: HistoryEntry, kindOf: ReadonlyMap<number, unknown>): boolean =>
  kind !== 'step' && !kindOf.has(seq)

function heldLocks(
  entries: readonly HistoryEntry[],
  kindOf: ReadonlyMap<number, Outcome['kind']>,
): string[] {
  const held: string[] = []
  for (const { kind, label, seq } of entries) {
    if (kind === 'lock' && kindOf.get(seq) === 'value') held.push(label)
    if (kind !== 'unlock') continue
    const at = held.lastIndexOf(label)
    if (at !== -1) held.splice(at, 1)
  }
  return [...new Set(held)]
}
