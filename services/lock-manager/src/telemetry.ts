import type { Metrics } from '@millrace/runtime'

type Counter = ReturnType<Metrics['counter']>
type Gauge = ReturnType<Metrics['gauge']>
type Histogram = ReturnType<Metrics['histogram']>

const COUNTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000] as const

/** Everything the lock-manager measures. */
export interface LockMetrics {
  readonly granted: Counter
  readonly dropped: Counter
  readonly grantLatency: Histogram
  readonly batch: Histogram
  readonly waiters: Gauge
  readonly queues: Gauge
  readonly finds: Counter
  readonly deadlocks: Counter
  readonly forced: Counter
  readonly shards: Gauge
}

export function createLockMetrics(metrics: Metrics): LockMetrics {
  return {
    granted: metrics.counter('locks_granted_total', 'Lock requests granted'),
    dropped: metrics.counter(
      'lock_requests_dropped_total',
      'Requests that nobody waited for any more',
    ),
    grantLatency: metrics.histogram(
      'lock_free_grant_seconds',
      'From a request to its grant, when no queue was before it',
    ),
    batch: metrics.histogram('lock_batch_keys', 'Locks of one transaction', [], COUNTS),
    waiters: metrics.gauge('lock_waiters', 'Requests that wait for a lock'),
    queues: metrics.gauge('lock_queues', 'Locks that somebody waits for'),
    finds: metrics.counter('lock_sweep_finds_total', 'Locks that a lost nudge left unserved'),
    deadlocks: metrics.counter('deadlocks_total', 'Deadlocks broken'),
    forced: metrics.counter('locks_forced_total', 'Locks taken from their holders by people'),
    shards: metrics.gauge('shards_held', 'Shards of this copy'),
  }
}
