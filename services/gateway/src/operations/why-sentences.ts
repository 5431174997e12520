import { askedOfRecords, isEnded } from '@millrace/execution'
import { parseGateKey } from '@millrace/lock'
import type { ExecutionRecordRow, RecordWait } from '@millrace/store'

/** One sentence on why an execution stands still, from its row and open waits alone. */
export function reasonOf(
  row: Pick<ExecutionRecordRow, 'status' | 'beneath' | 'message'>,
  waits: readonly Pick<RecordWait, 'kind' | 'subject'>[],
): string | null {
  switch (row.status) {
    case 'PAUSED':
      if (waits.some(({ kind }) => kind === 'BREAK')) return stoppedReason(waits)
      return row.beneath === null || row.beneath === 'WAITING_ENGINE'
        ? 'It is paused until somebody resumes it.'
        : `It is paused until somebody resumes it; beneath the pause it is ${row.beneath}.`
    case 'LOST':
      return row.message ?? 'The process that ran it is gone and it could not be recovered.'
    case 'WAITING_ENGINE':
      return 'It is ready and waits for a free engine.'
    case 'AT_ENGINE':
      return null
    default:
      return isEnded(row.status) ? null : waitsReason(waits)
  }
}

/** What one wait is for, as a person would say it. */
export function waitReason({ kind, subject }: Pick<RecordWait, 'kind' | 'subject'>): string {
  switch (kind) {
    case 'START':
      return 'its start time'
    case 'TIMER':
      return 'a time to come'
    case 'DEPENDENCY':
      return 'other executions to end'
    case 'LOCK':
      return lockWords(subject)
    case 'RESPONSE':
      return subject === null ? 'a person to answer' : `a person to answer "${subject}"`
    case 'CONTROL':
      return `its request to ${subject ?? 'control'} another execution`
    case 'RECORD':
      return `its request to ${askedOfRecords(subject)}`
    case 'BREAK':
      return `its debugger before line ${subject ?? 'unknown'}`
    default:
      return kind
  }
}

function stoppedReason(waits: readonly Pick<RecordWait, 'kind' | 'subject'>[]): string {
  const line = waits.find(({ kind }) => kind === 'BREAK')?.subject ?? 'unknown'
  return `Its debugger has stopped it before line ${line}: continue or step.`
}

function lockWords(key: string | null): string {
  if (key === null) return 'a lock'
  const gate = parseGateKey(key)
  if (gate === null) return `the lock ${key}`
  return gate.kind === 'rate' ? 'its turn in the rate of its flow' : 'a place in its flow'
}

/** The record's `why`: null when moving or ended, otherwise the same shape as the full answer's. */
export function shortWhy(row: ExecutionRecordRow, waits: readonly RecordWait[]): string {
  const { status } = row
  if (status === 'AT_ENGINE' || status === 'WAITING_ENGINE' || isEnded(status)) return 'null'
  return JSON.stringify({
    moving: false,
    status,
    reason: reasonOf(row, waits),
    since: new Date(row.moved_at).toISOString(),
    until: untilOf(status, waits),
    waits: waits.map((wait) => ({
      kind: wait.kind,
      ref: refOf(wait),
      since: rfc3339(wait.since),
      until: rfc3339(wait.due_at),
    })),
  })
}

/** When the first open wait is over by itself; null while paused or when none ever is. */
export function untilOf(
  status: string,
  waits: readonly Pick<RecordWait, 'due_at'>[],
): string | null {
  if (status === 'PAUSED' || status === 'LOST') return null
  const times = waits.flatMap((wait) => (wait.due_at === null ? [] : [Date.parse(wait.due_at)]))
  return times.length === 0 ? null : new Date(Math.min(...times)).toISOString()
}

/** What is waited for: an execution, a lock's key, a time, an action. */
export const refOf = (wait: RecordWait): string | null =>
  wait.ref ??
  // The subject of a start is where it goes on to wait.
  (wait.kind === 'START' || wait.kind === 'TIMER' ? rfc3339(wait.due_at) : wait.subject)

/** Postgres writes times in JSON with its own zone; here they are UTC. */
export const rfc3339 = (time: string | null): string | null =>
  time === null ? null : new Date(Date.parse(time)).toISOString()

function waitsReason(waits: readonly Pick<RecordWait, 'kind' | 'subject'>[]): string {
  const [oldest, ...others] = waits
  if (oldest === undefined) return 'It waits for an answer that is on its way.'
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `It waits for ${waitReason(oldest)}${more}.`
}
