import { notifyAnswered } from '@millrace/bus'
import { answerWaits, type AnsweredExecution, type WaitAnswer } from '@millrace/store'
import type { SchedulerContext } from '../context.ts'

/**
 * Answers waits in one statement and tells who can go on. A crash between leaves executions in
 * WAITING_ENGINE, which the sweep offers again.
 */
export async function answer(
  { db, bus, presence, metrics }: SchedulerContext,
  kind: string,
  items: readonly WaitAnswer[],
): Promise<AnsweredExecution[]> {
  if (items.length === 0) return []
  const answered = await answerWaits(db, items)
  metrics.batch.observe({ of: kind }, items.length)
  notify({ bus, presence }, answered)
  return answered
}

export function notify(
  { bus, presence }: Pick<SchedulerContext, 'bus' | 'presence'>,
  answered: readonly AnsweredExecution[],
): void {
  notifyAnswered(bus, answered, presence.isAlive)
  bus.publishMoved(
    answered
      .filter((one) => one.moved)
      .map(({ workspaceId, executionId, version, status, parentId }) => ({
        workspaceId,
        executionId,
        version,
        status,
        parentId,
      })),
  )
}
