import type { Checker, Evidence } from '../evidence.ts'
import { indexBy } from './group-by.ts'

/** I6: no timer is answered before it is due by Postgres's clock, and none is dropped unanswered. */
export const checkTimers: Checker = ({ rows }) =>
  timers(rows).flatMap(({ execution, seq, due, answeredAt, endedWithIt }) => {
    const timer = `timer ${seq} of ${execution}`
    if (answeredAt === null)
      return endedWithIt ? [] : [{ invariant: 'I6', text: `${timer} is gone without an answer` }]
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
  readonly endedWithIt: boolean
}

function timers({ events, answers }: Evidence['rows']): Timer[] {
  const answered = indexBy(answers, (row) => `${row.execution}/${row.generation}/${row.seq}`)
  // A revert takes the waits of the life before it away, as an end does.
  const ended = new Set(
    events
      .filter(({ what }) => what === 'end' || what === 'life')
      .map(({ execution, xid }) => `${execution}/${xid}`),
  )
  return events.flatMap(({ what, execution, xid, at, detail }) => {
    const { kind, seq, generation, due } = detail as unknown as WaitOver
    if (what !== 'wait over' || due === null || (kind !== 'TIMER' && kind !== 'START')) return []
    const endedWithIt = ended.has(`${execution}/${xid}`)
    // The start itself has no answer that is kept: what counts is when its wait was over.
    const startedAt = endedWithIt ? null : at
    const answer = answered.get(`${execution}/${generation}/${seq}`)
    const answeredAt = kind === 'START' ? startedAt : (answer?.createdAt ?? null)
    return [{ execution, seq, due, answeredAt, endedWithIt }]
  })
}

interface WaitOver {
  readonly kind: string
  readonly seq: number
  readonly generation: number
  readonly due: number | null
}
