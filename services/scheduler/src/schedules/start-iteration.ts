import { newId } from '@millrace/runtime'
import {
  awaitDecision,
  createExecutions,
  insertIteration,
  markWatched,
  putScripts,
  type Queryable,
  type ScheduleKey,
  type ScheduleWork,
} from '@millrace/store'
import type { Aftermath } from './aftermath.ts'
import { ITERATION_SCRIPT } from './iteration-script.ts'
import { type IterationPlan, newIteration } from './new-executions.ts'

/**
 * The next iteration, unless there is one: the table of iterations says so, not the caller. Returns its
 * execution.
 */
export async function startIteration(
  tx: Queryable,
  key: ScheduleKey,
  facts: { after: Aftermath; work: ScheduleWork; plan: IterationPlan },
): Promise<string | null> {
  const { after, work, plan } = facts
  const executionId = newId()
  const { plannedMs, startMs, jitterMs } = plan
  const isOnly = await insertIteration(tx, key, {
    executionId,
    revision: work.revision,
    plannedMs,
    startMs,
    jitterMs,
    held: work.paused_at !== null,
  })
  if (!isOnly) return null
  const { workspaceId } = key
  if (work.timing !== null) await putScripts(tx, [{ workspaceId, ...ITERATION_SCRIPT }])
  const execution = newIteration(work, executionId, plan)
  await createExecutions(tx, [execution])
  // It has no parent, and its end is what the next one waits for.
  await markWatched(tx, [{ workspaceId, executionId }])
  if (plannedMs !== null) {
    await awaitDecision(tx, { workspaceId, executionId })
    after.awaiting.push(startMs ?? work.now)
  }
  after.born.push(execution)
  return executionId
}
