import type { Metrics } from '@millrace/runtime'
import type { Runner } from './run/runner.ts'

/** Gauges that are read when somebody asks for the metrics. */
export function exposeRunner(metrics: Metrics, runner: Runner): void {
  const running = metrics.gauge('engine_running', 'Executions at work in this engine')
  const warm = metrics.gauge('engine_warm', 'Executions suspended in this engine')
  Object.assign(running, { collect: () => running.set(runner.running) })
  Object.assign(warm, { collect: () => warm.set(runner.warm) })
}
