import type { ExecutionEvent, LogEntry } from '@millrace/client'
import { formatTime } from './time.ts'

/** One event of a stream as a line, or null for one that a person need not see. */
export function renderEvent(event: ExecutionEvent): string | null {
  const data =
    typeof event.data === 'object' && event.data !== null
      ? (event.data as Record<string, unknown>)
      : {}
  if (event.type === 'log') return renderLog(data as unknown as LogEntry)
  if (event.type === 'status') return `${timeOf(data)}-- ${String(data['status'])}`
  if (event.type === 'message') return renderMessages(data)
  if (event.type === 'resync') return '-- some events were skipped'
  return null
}

/** What it asks of people: the command where an answer is wanted, or who has answered. */
function renderMessages(data: Record<string, unknown>): string | null {
  const [newest] = Array.isArray(data['messages']) ? (data['messages'] as MessageFacts[]) : []
  if (newest === undefined) return null
  const { id, subject, status, answered_by: by } = newest
  if (status === 'OPEN') return `${timeOf(data)}-- asks "${subject}": millrace message reply ${id}`
  return status === 'ANSWERED' ? `${timeOf(data)}-- "${subject}" was answered by ${by}` : null
}

interface MessageFacts {
  readonly id: string
  readonly subject: string
  readonly status: string
  readonly answered_by: string | null
}

/** One logged line: strings as they are, everything else as JSON. */
export function renderLog(entry: LogEntry): string {
  const values = Array.isArray(entry.values) ? entry.values : [entry.values]
  return `${timeOf(entry)}${values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ')}`
}

function timeOf(data: { at?: unknown }): string {
  return typeof data.at === 'string' ? `${formatTime(data.at).slice(11, 19)}  ` : ''
}
