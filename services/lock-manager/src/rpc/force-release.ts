import type { RequestOf, ResponseOf } from '@millrace/runtime/grpc'
import type { lockService } from '@millrace/wire'
import type { LockContext } from '../context.ts'
import { forceRelease } from '../serve/force-release.ts'
import { tellServed } from '../serve/serve-locks.ts'

type ForceReleaseMethod = (typeof lockService)['forceRelease']

/** Takes a lock away, in the name of a user, and gives it to the next in line. */
export async function forceReleaseRpc(
  context: LockContext,
  request: RequestOf<ForceReleaseMethod>,
): Promise<ResponseOf<ForceReleaseMethod>> {
  const { db, log, metrics } = context
  const { workspaceId, key, executionId, reason, userId } = request
  const served = await db.transaction((tx) =>
    forceRelease(tx, {
      workspaceId,
      key,
      executionId,
      token: Number(request.token),
      reason,
      actorId: userId === '' ? null : userId,
    }),
  )
  if (served === null) return { released: false }
  metrics.forced.inc()
  log.warn({ workspaceId, key, executionId, userId, reason }, 'a lock was taken from its holder')
  tellServed(context, served)
  return { released: true }
}
