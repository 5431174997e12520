import type { HistoryEntry, Life, Outcome } from './history.ts'
import { lastUnlocked } from './last-unlocked.ts'
import { type GivenAnswer, type Stand, standAt } from './stand-at.ts'

export type { GivenAnswer } from './stand-at.ts'

/** A life that is to be cut: its recorded calls by number, and its answers by position. */
export interface Past {
  /** Of the execution whose history it is. */
  readonly life: Pick<Life, 'id' | 'generation' | 'startedAt'>
  readonly history: readonly HistoryEntry[]
  readonly answers: readonly GivenAnswer[]
}

/** What the next life inherits. */
export interface CutHistory {
  readonly kind: 'cut'
  /** The call that the next life begins after. */
  readonly seq: number
  readonly entries: readonly HistoryEntry[]
  /** The answers up to this position are inherited, those to cut calls left out; 0: none. */
  readonly lastPosition: number
  /** How many that are. */
  readonly kept: number
}

/** Why there is no going back to there. */
export type CutRefusal =
  /** The history ends before that call. */
  | { readonly kind: 'noSuchCall'; readonly last: number }
  /**
   * The code after it believes to hold these locks, and a revert gives up all: it would run beside
   * somebody else. `before`: the last savepoint at which it held none.
   */
  | { readonly kind: 'holdsLocks'; readonly locks: readonly string[]; readonly before: number }

/**
 * Cuts a life after call `seq`: what the next one inherits, so that its replay stands where the code
 * stood when that call had come back. Calls that were open then are marked to be asked again; a
 * savepoint that the code has made returns how often it was come back to. `at`: ms since 1970, when the
 * next life begins.
 */
export function cutHistory(past: Past, seq: number, at: number): CutHistory | CutRefusal {
  const { history, answers } = past
  if (seq > history.length) return { kind: 'noSuchCall', last: history.length }
  const stand = standAt(history, answers, seq)
  if (stand.locks.length > 0)
    return { kind: 'holdsLocks', locks: stand.locks, before: lastUnlocked(past, stand.seq) }
  return {
    kind: 'cut',
    seq: stand.seq,
    entries: inherited(stand, livesOf(past, stand.seq, at)),
    lastPosition: stand.answers.at(-1)?.position ?? 0,
    kept: stand.answers.length,
  }
}

function inherited({ entries, open, seq }: Stand, lives: readonly Life[]): HistoryEntry[] {
  const isOpen = new Set(open.map((entry) => entry.seq))
  return entries.map((entry): HistoryEntry => {
    const { again: _, lives: __, ...call } = entry
    return {
      ...(entry.seq === seq && entry.kind === 'savepoint' ? cameBack(call) : call),
      ...(isOpen.has(entry.seq) && { again: true }),
      ...(entry.seq === 1 && { lives }),
    }
  })
}

/** A savepoint that the code has made answers with how often it was come back to. */
function cameBack(entry: HistoryEntry): HistoryEntry {
  const times = valueOf(entry.outcome)
  const v = (typeof times === 'number' ? times : 0) + 1
  return { ...entry, outcome: { kind: 'value', value: { v } } }
}

const valueOf = (outcome: Outcome | undefined): unknown =>
  outcome?.kind === 'value' && 'v' in outcome.value ? outcome.value.v : null

/** Whose lives the calls up to `seq` are of. */
function livesOf({ life, history }: Past, seq: number, at: number): readonly Life[] {
  const lives: Life[] = []
  for (const one of history[0]?.lives ?? []) {
    if (one.last >= seq) return [...lives, { ...one, last: seq, cutAt: at }]
    lives.push(one)
  }
  return [...lives, { ...life, last: seq, cutAt: at }]
}
