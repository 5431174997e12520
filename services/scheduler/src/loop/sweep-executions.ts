import type { Loop } from '@millrace/runtime'
import { type ExecutionFind, sweepExecutions } from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { SchedulerContext } from '../context.ts'
import type { Cascade } from '../resolve/cascade.ts'
import { recover } from '../resolve/recover.ts'
import { createRedispatcher } from '../resolve/redispatch.ts'
import { walkLoop } from './walk.ts'

/** Finds live executions that a lost nudge or a dead process left standing. */
export function sweepExecutionsLoop(
  context: SchedulerContext,
  cascade: Pick<Cascade, 'cancel'>,
): Loop {
  const { config, db, metrics, shards } = context
  const redispatcher = createRedispatcher(context)

  return walkLoop<ExecutionKey>('sweep executions', context, {
    begin: redispatcher.beginWalk,
    async page(after) {
      const page = await sweepExecutions(db, {
        ...shards.fence(),
        after,
        limit: config.sweepPage,
        readyForMs: config.readyForMs,
      })
      for (const { find } of page.finds) metrics.finds.inc({ find })
      const found = (kind: ExecutionFind['find']) => page.finds.filter(({ find }) => find === kind)
      redispatcher.offer(found('ready'))
      await recover(context, found('lost'))
      await cascade.cancel(found('abandoned'), 'An execution above it was cancelled.')
      return page.next
    },
    end: redispatcher.endWalk,
  })
}
