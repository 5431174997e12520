import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/**
 * One service's metrics. Names are snake_case with their unit last (`…_total`, `…_seconds`,
 * `…_bytes`) and get the prefix `millrace_`. Labels have few values: never an id.
 * Asking twice for one name gives the same metric.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  gauge(name: string, help: string, labels?: readonly string[]): Gauge
  /** Buckets are upper bounds; default: seconds from 0.5 ms to 60 s. */
  histogram(
    name: string,
    help: string,
    labels?: readonly string[],
    buckets?: readonly number[],
  ): Histogram
  readonly registry: Registry
  /** All of them as text, for whoever collects them. */
  text(): Promise<string>
}

export interface MetricsOptions {
  /** Whether to add the process's own (memory, CPU, event loop, GC); default true. */
  readonly process?: boolean
}

export function createMetrics(service: string, options: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  // From the first time that somebody collects: the event loop's delay is a timer of 10 ms, a fifth of
  // a per cent of a core in each idle process.
  let hasProcess = !(options.process ?? true)
  const known = new Map<string, Counter | Gauge | Histogram>()

  return {
    counter: (name, help, labels = []) =>
      once(name, Counter, (settings) => new Counter(settings), help, labels),
    gauge: (name, help, labels = []) =>
      once(name, Gauge, (settings) => new Gauge(settings), help, labels),
    histogram: (name, help, labels = [], buckets = SECONDS) =>
      once(
        name,
        Histogram,
        (settings) => new Histogram({ ...settings, buckets: [...buckets] }),
        help,
        labels,
      ),
    registry,
    text() {
      if (!hasProcess) collectDefaultMetrics({ register: registry })
      hasProcess = true
      return registry.metrics()
    },
  }

  function once<Metric extends Counter | Gauge | Histogram>(
    name: string,
    kind: abstract new (...args: never[]) => Metric,
    create: (settings: MetricSettings) => Metric,
    help: string,
    labels: readonly string[],
  ): Metric {
    const found = known.get(name)
    if (found instanceof kind) return found
    if (found !== undefined) throw new Error(`metric ${name} exists as another kind`)
    const metric = create({
      name: `millrace_${name}`,
      help,
      labelNames: [...labels],
      registers: [registry],
    })
    known.set(name, metric)
    return metric
  }
}

interface MetricSettings {
  readonly name: string
  readonly help: string
  readonly labelNames: string[]
  readonly registers: Registry[]
}

// A no-op flow takes 2 to 6 ms, an API request is cut off at 60 s.
const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
]
