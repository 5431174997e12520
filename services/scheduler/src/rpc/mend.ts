import type { RequestOf, ResponseOf } from '@millrace/runtime/grpc'
import { deleteStaleWaits, putRuntimeLimits } from '@millrace/store'
import type { schedulerService } from '@millrace/wire'
import type { SchedulerContext } from '../context.ts'
import type { Cascade } from '../resolve/cascade.ts'
import type { Controls } from '../resolve/controls.ts'
import type { DependencyResolver } from '../resolve/dependencies.ts'
import { poolOf, recover } from '../resolve/recover.ts'

type Mend = (typeof schedulerService)['mend']

export interface MendDeps {
  readonly context: SchedulerContext
  readonly cascade: Pick<Cascade, 'cancel'>
  readonly controls: Pick<Controls, 'note'>
  readonly dependencies: Pick<DependencyResolver, 'noteWaits'>
}

/**
 * What the sweep does with what it finds, done at once with what somebody else has found. Every step is
 * judged by the rows again, so it does not matter that this copy may not hold their shards.
 */
export async function mendRpc(
  { context, cascade, controls, dependencies }: MendDeps,
  request: RequestOf<Mend>,
): Promise<ResponseOf<Mend>> {
  const { bus, db } = context
  const { workspaceId } = request
  const here = <T extends { readonly executionId: string }>(items: readonly T[]) =>
    items.map((item) => ({ ...item, workspaceId }))
  await deleteStaleWaits(db, here(request.stale))
  dependencies.noteWaits(here(request.decided))
  controls.note(request.controls.map((executionId) => ({ workspaceId, executionId })))
  await recover(context, here(request.lost))
  await cascade.cancel(here(request.abandoned), 'An execution above it was cancelled.')
  await putRuntimeLimits(
    db,
    here(request.unwatched).map((one) => ({ ...one, scheduledFor: null })),
  )
  for (const [pool, items] of Map.groupBy(here(request.untaken), poolOf))
    await bus.publishDispatch(pool, items)
  return {}
}
