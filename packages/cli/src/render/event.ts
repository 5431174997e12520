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
  if (event.type === 'resync') return '-- some events were skipped'
  return null
}

/** One logged line: strings as they are, everything else as JSON. */
export function renderLog(entry: LogEntry): string {
  const values = Array.isArray(entry.values) ? entry.values : [entry.values]
  return `${timeOf(entry)}${values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ')}`
}

function timeOf(data: { at?: unknown }): string {
  return typeof data.at === 'string' ? `${formatTime(data.at).slice(11, 19)}  ` : ''
}
