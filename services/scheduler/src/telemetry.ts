import type { Metrics } from '@millrace/runtime'

type Counter = ReturnType<Metrics['counter']>
type Gauge = ReturnType<Metrics['gauge']>
type Histogram = ReturnType<Metrics['histogram']>

const COUNTS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 5_000] as const

/** Everything the scheduler measures. */
export interface SchedulerMetrics {
  readonly timersLate: Histogram
  readonly resolved: Counter
  readonly batch: Histogram
  readonly finds: Counter
  readonly walk: Histogram
  readonly redispatched: Counter
  readonly recovered: Counter
  readonly expired: Counter
  readonly controls: Counter
  readonly cascaded: Counter
  readonly scheduled: Counter
  readonly overrun: Counter
  readonly shards: Gauge
  readonly removed: Counter
  readonly partitions: Gauge
}

export function createSchedulerMetrics(metrics: Metrics): SchedulerMetrics {
  return {
    timersLate: metrics.histogram('timers_late_seconds', 'How late due waits were answered'),
    resolved: metrics.counter('waits_resolved_total', 'Waits answered', ['kind']),
    batch: metrics.histogram('scheduler_batch_items', 'Items of one statement', ['of'], COUNTS),
    finds: metrics.counter('sweep_finds_total', 'What the sweep found left behind', ['find']),
    walk: metrics.histogram('sweep_walk_seconds', 'One walk over all that lives', ['over']),
    redispatched: metrics.counter('redispatched_total', 'Ready executions offered again', ['pool']),
    recovered: metrics.counter('executions_recovered_total', 'Executions whose process was lost', [
      'outcome',
    ]),
    expired: metrics.counter('processes_expired_total', 'Processes that stopped renewing', [
      'service',
    ]),
    controls: metrics.counter('controls_total', 'Cancels, pauses and resumes by executions', [
      'action',
      'verdict',
    ]),
    cascaded: metrics.counter(
      'executions_cascaded_total',
      'Executions cancelled with one above them',
    ),
    scheduled: metrics.counter('scheduled_total', 'Executions started for schedules', ['of']),
    overrun: metrics.counter(
      'executions_overrun_total',
      'Executions ended at their maximum runtime',
    ),
    shards: metrics.gauge('shards_held', 'Shards of this copy'),
    removed: metrics.counter('retention_removed_total', 'What had its time and was removed', [
      'of',
    ]),
    partitions: metrics.gauge('partitions', 'Partitions of history, answers and logs'),
  }
}
