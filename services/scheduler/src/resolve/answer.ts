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
  notifyAnswered(bus, answered, presence.isAlive)
  return answered
}
