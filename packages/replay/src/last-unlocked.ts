import type { HistoryEntry } from './history.ts'
import { type GivenAnswer, lastWhole, standAt } from './stand-at.ts'

/**
 * The last call before `from` at which the code held no lock; 0: its beginning. Looks only where a lock
 * was asked for: nowhere else is there a step from none to one. And not where one is known to have been
 * held all the while, so that not each of many locks costs a walk through the history.
 */
export function lastUnlocked(
  { history, answers }: Locks,
  /** A call at which it held some. */
  from: number,
): number {
  const answered = new Set(answers.map((answer) => answer.seq))
  const seenAt = positionsSeen(history.length, answers)
  let kept = keptLock({ history, answers }, { last: from, seen: seenAt(from) })
  for (let seq = from - 1; seq > 0; seq--) {
    if (history[seq]?.kind !== 'lock') continue
    if (kept !== null && seq >= kept.seq) {
      const seen = seenAt(lastWhole(history, answered, seq))
      if (kept.position <= seen) continue
    }
    const stand = standAt(history, answers, seq)
    if (stand.locks.length === 0) return stand.seq
    kept = keptLock({ history, answers }, { last: stand.seq, seen: seenAt(stand.seq) })
  }
  return 0
}

interface Locks {
  readonly history: readonly HistoryEntry[]
  readonly answers: readonly GivenAnswer[]
}

/**
 * The first lock that was granted at `last` and that nothing of its name has given back until there: once
 * its answer was seen, it was held at every call on the way. Null: no such one.
 */
function keptLock(
  { history, answers }: Locks,
  { last, seen }: { readonly last: number; readonly seen: number },
): GivenAnswer | null {
  const granted = new Map(
    answers.flatMap((answer) => (answer.kind === 'value' ? [[answer.seq, answer]] : [])),
  )
  const givenBack = new Set<string>()
  let kept: GivenAnswer | null = null
  for (let at = last - 1; at >= 0; at--) {
    const entry = history[at]
    if (entry?.kind === 'unlock') givenBack.add(entry.label)
    if (entry?.kind !== 'lock' || givenBack.has(entry.label)) continue
    const answer = granted.get(entry.seq)
    if (answer !== undefined && answer.position <= seen) kept = answer
  }
  return kept
}

/** Up to which position answers count for the stand at a call, as `standAt` has it. */
function positionsSeen(length: number, answers: readonly GivenAnswer[]): (seq: number) => number {
  const own = new Map<number, number>()
  for (const { seq, position } of answers) if (!own.has(seq)) own.set(seq, position)
  // The first answer to a later call, by call.
  const beyond = answers.find(({ seq }) => seq > length)?.position
  const later = new Array<number>(length + 1).fill(beyond ?? Number.POSITIVE_INFINITY)
  for (let seq = length - 1; seq >= 0; seq--)
    later[seq] = Math.min(later[seq + 1] ?? 0, own.get(seq + 1) ?? Number.POSITIVE_INFINITY)
  return (seq) => own.get(seq) ?? (later[seq] ?? 0) - 1
}
