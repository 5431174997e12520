import type { Loop } from '@millrace/runtime'
import { type ScheduleKey, strayIterations, sweepSchedules } from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import type { Schedules } from '../schedules/schedules.ts'
import { walkLoop } from './walk.ts'

/**
 * Finds schedules that a lost nudge or a crash left standing: without an iteration, with one that has
 * ended or that is not wanted any more, with runs that wait for nothing.
 */
export function sweepSchedulesLoop(
  context: SchedulerContext,
  schedules: Pick<Schedules, 'note' | 'setUsed'>,
): Loop {
  const { config, db, metrics, shards } = context
  let rows = 0

  return walkLoop<ScheduleKey>('sweep schedules', context, {
    async begin() {
      rows = 0
      if (shards.holds(0)) schedules.note(await strayIterations(db))
    },
    async page(after) {
      const page = await sweepSchedules(db, { ...shards.fence(), after, limit: config.sweepPage })
      if (page.found.length > 0) metrics.finds.inc({ find: 'schedule' }, page.found.length)
      rows += page.rows
      schedules.note(page.found)
      return page.next
    },
    end: () => schedules.setUsed(rows > 0),
    // Where there are none, the first one comes with a nudge; only that may be lost.
    patience: () => (rows > 0 ? 1 : 5),
  })
}
