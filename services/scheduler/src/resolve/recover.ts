import type { Pool } from '@millrace/bus'
import { type RecoveredExecution, recoverLost } from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { SchedulerContext } from '../context.ts'

/**
 * Takes executions from processes that are gone: back to the queue, or LOST for good when that
 * happened too often. A crash after the statement leaves them ready, which the sweep finds.
 */
export async function recover(
  { config, db, bus, log, metrics }: SchedulerContext,
  executions: readonly (ExecutionKey & { readonly epoch: number })[],
): Promise<RecoveredExecution[]> {
  const moved = await recoverLost(db, { executions, maxRecoveries: config.maxRecoveries })
  for (const one of moved) {
    metrics.recovered.inc({ outcome: one.status === 'LOST' ? 'lost' : 'recovered' })
    const { executionId, workspaceId, processId } = one
    if (one.status === 'LOST') log.error({ executionId, workspaceId, processId }, 'stays LOST')
    else log.warn({ executionId, workspaceId, processId }, 'recovered from a lost process')
  }
  bus.publishMoved(moved)
  // Should the process live after all, it learns that these are no longer its own.
  for (const [processId, items] of Map.groupBy(moved, (one) => one.processId))
    if (processId !== null) bus.publishControl(processId, items)
  const ready = moved.filter((one) => one.status === 'WAITING_ENGINE')
  for (const [pool, items] of Map.groupBy(ready, poolOf)) await bus.publishDispatch(pool, items)
  return moved
}

/** Whose work an execution of this type is. */
export const poolOf = ({ type }: { readonly type: string }): Pool =>
  type === 'CONNECTION' ? 'connector' : 'engine'
