import type { FlowLimit, FlowLimits } from '@millrace/client'
import { formatDuration, formatTime } from './time.ts'

/** Places and queues of a flow, for people. */
export function renderFlowLimits({ items, truncated }: FlowLimits, now: number): string {
  if (items.length === 0) return 'nobody has a place or waits for one'
  const more = truncated ? ['there are more keys than are shown'] : []
  return [...items.flatMap((item) => renderLimit(item, now)), ...more].join('\n')
}

function renderLimit(limit: FlowLimit, now: number): string[] {
  const { kind, value, holders, waiters } = limit
  const of = value === null ? '' : ` for ${JSON.stringify(value)}`
  const held = `${limit.holder_count} of ${limit.limit} ${kind === 'rate' ? 'starts' : 'places'}`
  return [
    `${kind}${of}: ${held} taken, ${limit.waiter_count} waiting`,
    ...holders.map((holder) => {
      const free = holder.until === null ? '' : `, free at ${formatTime(holder.until)}`
      const since = formatDuration(now - Date.parse(holder.since))
      return `  has it  ${holder.execution_id}  ${holder.status ?? 'gone'}  for ${since}${free}`
    }),
    ...waiters.map((waiter) => {
      const since = formatDuration(now - Date.parse(waiter.since))
      return `  ${`${waiter.position}.`.padEnd(7)} ${waiter.execution_id}  for ${since}`
    }),
  ]
}
