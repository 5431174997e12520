import type { pb } from '@millrace/wire'

/** One line of a log as REST shows it. */
export interface LogItem {
  readonly seq: number
  readonly generation: number
  readonly at: string
  readonly values: readonly unknown[]
}

export const toLogEntry = (item: LogItem): pb.LogEntry => ({
  id: `${item.generation}.${item.seq}`,
  at: new Date(item.at),
  level: 'info',
  message: item.values
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join(' '),
  fields: { values: item.values },
})
