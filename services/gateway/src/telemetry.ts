import type { Metrics } from '@millrace/runtime'
import type { ExecutionCreator } from './operations/execution-creator.ts'

/** Gauges that are read when somebody asks for the metrics. */
export function exposeCreator(metrics: Metrics, creator: ExecutionCreator): void {
  const queued = metrics.gauge('create_queue', 'Executions that wait for their commit')
  Object.assign(queued, { collect: () => queued.set(creator.size) })
}
