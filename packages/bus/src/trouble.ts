import { monotonicMs, type Logger, type Metrics } from '@millrace/runtime'

/**
 * Where everything that goes wrong on the bus is told. Each is counted, by kind of message; the log
 * gets one line per kind and second, with the number of those it stands for, so that an outage does
 * not flood it.
 */
export type Trouble = (kind: string, message: string, error?: unknown) => void

export function createTrouble(log: Logger, metrics: Metrics | undefined): Trouble {
  const counter = metrics?.counter('bus_failures_total', 'Messages lost or not understood', [
    'kind',
  ])
  const silent = new Map<string, { since: number; count: number }>()

  return (kind, message, error) => {
    counter?.inc({ kind })
    const last = silent.get(kind)
    const now = monotonicMs()
    if (last !== undefined && now - last.since < 1_000) {
      last.count += 1
      return
    }
    silent.set(kind, { since: now, count: 0 })
    log.warn({ kind, error, alsoFailed: last?.count ?? 0 }, message)
  }
}
