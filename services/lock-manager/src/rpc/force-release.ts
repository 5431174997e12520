import type { RequestOf, ResponseOf } from '@millrace/runtime/grpc'
import type { lockService } from '@millrace/wire'
import type { LockContext } from '../context.ts'
import { forceRelease } from '../serve/force-release.ts'

type ForceReleaseMethod = (typeof lockService)['forceRelease']

/** Takes a lock away, in the name of a user; the copy that has its shard serves the next in line. */
export async function forceReleaseRpc(
  { db, bus, log, metrics }: Pick<LockContext, 'db' | 'bus' | 'log' | 'metrics'>,
  request: RequestOf<ForceReleaseMethod>,
): Promise<ResponseOf<ForceReleaseMethod>> {
  const { workspaceId, key, executionId, reason, userId } = request
  const released = await db.transaction((tx) =>
    forceRelease(tx, {
      workspaceId,
      key,
      executionId,
      token: Number(request.token),
      reason,
      actorId: userId === '' ? null : userId,
    }),
  )
  if (!released) return { released }
  metrics.forced.inc()
  log.warn({ workspaceId, key, executionId, userId, reason }, 'a lock was taken from its holder')
  bus.nudgeLocks([{ workspaceId, key }])
  return { released }
}
