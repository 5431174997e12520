import type { Checker, Evidence } from '../evidence.ts'
import { indexBy } from './group-by.ts'

/**
 * I6: no timer is answered before it is due by Postgres's clock, and none of an execution that lives is
 * dropped unanswered. A cancel that crosses the commit which opens the timer does not see its row: the
 * execution has ended, and the row goes when it is due.
 */
export const checkTimers: Checker = ({ rows }) =>
  timers(rows).flatMap(({ execution, seq, due, answeredAt, hasEnded }) => {
    const timer = `timer ${seq} of ${execution}`
    if (answeredAt === null)
      return hasEnded ? [] : [{ invariant: 'I6', text: `${timer} is gone without an answer` }]
    // Answers are stamped in whole milliseconds.
    return answeredAt < Math.floor(due)
      ? [{ invariant: 'I6', text: `${timer} came ${(due - answeredAt).toFixed(1)} ms early` }]
      : []
  })

/** How late timers were, in ms, sorted. */
export function timerLateness(rows: Evidence['rows']): number[] {
  return timers(rows)
    .flatMap(({ due, answeredAt }) => (answeredAt === null ? [] : [Math.max(0, answeredAt - due)]))
    .toSorted((a, b) => a - b)
}

interface Timer {
  readonly execution: string
  readonly seq: number
  readonly due: number
  readonly answeredAt: number | null
  /** Its life ended with it, or before it was gone. */
  readonly hasEnded: boolean
}

function timers({ events, answers }: Evidence['rows']): Timer[] {
  const answered = indexBy(answers, (row) => `${row.execution}/${row.generation}/${row.seq}`)
  const ends = new Map(
    events.flatMap((event) =>
      event.what === 'end'
        ? [[`${event.execution}/${String(event.detail['generation'])}`, event] as const]
        : [],
    ),
  )
  // A revert takes the waits of the life before it away, in its own transaction.
  const lives = new Set(
    events.filter(({ what }) => what === 'life').map((life) => `${life.execution}/${life.xid}`),
  )
  return events.flatMap(({ n, what, execution, xid, at, detail }) => {
    const { kind, seq, generation, due } = detail as unknown as WaitOver
    if (what !== 'wait over' || due === null || (kind !== 'TIMER' && kind !== 'START')) return []
    const end = ends.get(`${execution}/${generation}`)
    const hasEnded =
      lives.has(`${execution}/${xid}`) || (end !== undefined && (end.xid === xid || end.n < n))
    // The start itself has no answer that is kept: what counts is when its wait was over.
    const startedAt = hasEnded ? null : at
    const answer = answered.get(`${execution}/${generation}/${seq}`)
    const answeredAt = kind === 'START' ? startedAt : (answer?.createdAt ?? null)
    return [{ execution, seq, due, answeredAt, hasEnded }]
  })
}

interface WaitOver {
  readonly kind: string
  readonly seq: number
  readonly generation: number
  readonly due: number | null
}
