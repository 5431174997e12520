import { newId } from '@millrace/runtime'
import type { Dropped, FireDecision, RunsDecision } from '@millrace/schedule'
import {
  insertScheduleRuns,
  type NewScheduleRun,
  type Queryable,
  type ScheduleKey,
} from '@millrace/store'

/** Writes down what became of the times that were due; tells which were not decided before. */
export async function bookRuns(
  tx: Queryable,
  key: ScheduleKey,
  facts: { runs: RunsDecision; fire: FireDecision | null },
): Promise<(id: string) => boolean> {
  const { runs, fire } = facts
  const own = { origin: 'TIMING', backfillId: null } as const
  const dropped = (fire?.dropped ?? []).map(
    ({ reason, count, firstMs, lastMs }): NewScheduleRun => ({
      ...own,
      id: newId(),
      plannedMs: firstMs,
      lastPlannedMs: lastMs,
      count,
      state: 'DROPPED',
      reason: REASONS[reason],
      overlap: 'skip',
      executionId: null,
    }),
  )
  const booked = runs.booked.map(
    ({ id, plannedMs, state, reason, overlap, executionId }): NewScheduleRun => ({
      ...own,
      id,
      plannedMs,
      lastPlannedMs: null,
      count: 1,
      state,
      reason,
      overlap,
      executionId,
    }),
  )
  const inserted = await insertScheduleRuns(tx, key, [...dropped, ...booked])
  return (id) => inserted.has(id)
}

const REASONS: Readonly<Record<Dropped['reason'], string>> = {
  catch_up_none: 'it was missed, and catch_up is none',
  superseded: 'it was missed, and a newer one stands for it',
  beyond_window: 'it was missed longer ago than catch_up_window_seconds',
  over_limit: 'more were missed than are made up for at once',
}
