import type { Loop } from '@millrace/runtime'
import { deleteStaleWaits, sweepWaits, type WaitFind, type WaitKey } from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import type { Controls } from '../resolve/controls.ts'
import type { DependencyResolver } from '../resolve/dependencies.ts'
import type { Responses } from '../resolve/responses.ts'
import { walkLoop } from './walk.ts'

/** Finds open waits that a lost nudge left unresolved, and those that belong to nobody any more. */
export function sweepWaitsLoop(
  context: SchedulerContext,
  resolvers: {
    readonly dependencies: Pick<DependencyResolver, 'noteWaits'>
    readonly controls: Pick<Controls, 'note'>
    readonly responses: Pick<Responses, 'noteWaits'>
  },
): Loop {
  const { bus, config, db, metrics, shards } = context

  return walkLoop<WaitKey>('sweep waits', context, {
    async page(after) {
      const page = await sweepWaits(db, {
        ...shards.fence(),
        after,
        limit: config.sweepPage,
        openForMs: config.openForMs,
      })
      for (const { find } of page.finds) metrics.finds.inc({ find })
      const found = (kind: WaitFind['find']) => page.finds.filter(({ find }) => find === kind)
      resolvers.dependencies.noteWaits(found('dependency'))
      resolvers.responses.noteWaits(found('response'))
      resolvers.controls.note(found('control'))
      bus.nudgeRecordRequests(found('record'))
      bus.nudgeLocks(
        found('lock').flatMap(({ workspaceId, subject }) =>
          subject === null ? [] : [{ workspaceId, key: subject }],
        ),
      )
      await deleteStaleWaits(db, found('stale'))
      return page.next
    },
  })
}
