import { removeOldRuns, type Retained } from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import type { Paced } from './pages.ts'

/** What became of planned times is told as long as the executions of that time are there. */
export async function removeOldScheduleRuns(
  { db, metrics }: SchedulerContext,
  retained: Retained,
  paced: Paced,
): Promise<void> {
  let removed: number
  do {
    removed = await paced(() => removeOldRuns(db, { ...retained, limit: PAGE }))
    if (removed > 0) metrics.removed.inc({ of: 'schedule run' }, removed)
  } while (removed === PAGE)
}

const PAGE = 1_000
