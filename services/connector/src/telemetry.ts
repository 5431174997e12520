import type { Metrics } from '@millrace/runtime'

type Counter = ReturnType<Metrics['counter']>
type Gauge = ReturnType<Metrics['gauge']>
type Histogram = ReturnType<Metrics['histogram']>

/** Everything a connector measures. */
export interface ConnectorMetrics {
  readonly attempts: Counter
  readonly duration: Histogram
  readonly refused: Counter
  readonly repeats: Counter
  readonly inFlight: Gauge
  readonly fenced: Counter
}

export function createConnectorMetrics(metrics: Metrics): ConnectorMetrics {
  return {
    attempts: metrics.counter('connection_attempts_total', 'Attempts by type and how they ended', [
      'type',
      'code',
      'outcome',
    ]),
    duration: metrics.histogram('connection_attempt_seconds', 'How long attempts took', ['type']),
    refused: metrics.counter('connections_refused_total', 'Attempts that the policy refused', [
      'type',
    ]),
    repeats: metrics.counter('connection_repeats_total', 'Attempts after the first one', ['type']),
    inFlight: metrics.gauge('connections_in_flight', 'Connections under way in this connector'),
    fenced: metrics.counter(
      'connection_ends_fenced_total',
      'Ends that were not written because somebody else had moved the execution',
    ),
  }
}
