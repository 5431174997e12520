import { newId, ServiceError } from '@millrace/runtime'
import { createGrpcClient } from '@millrace/runtime/grpc'
import { inspectLock, insertAudit, liveProcesses } from '@millrace/store'
import { lockService } from '@millrace/wire'
import type { Caller, Context } from '../context.ts'
import { time, timeOrNull } from './page-request.ts'
import { demandAdmin } from './people.ts'
import { find, type RecordAddress } from './records.ts'

/** Who holds the lock of a setting and who waits for it, in the order of their turns. */
export async function inspectSettingLock(
  context: Context,
  caller: Caller,
  address: RecordAddress,
): Promise<object> {
  const { id } = await find(context, caller, address)
  const lock = { workspaceId: caller.workspaceId, key: lockKey(id) }
  const { holders, waiters } = await inspectLock(context.api, lock, SHOWN_MAX)
  const [holder] = holders
  return {
    key: lock.key,
    holder: holder?.executionId ?? null,
    fencing_token: holder?.token ?? null,
    held_since: timeOrNull(holder?.since ?? null),
    depth: holder?.depth ?? null,
    waiters: waiters.map((waiter) => ({
      execution_id: waiter.executionId,
      position: waiter.position,
      since: time(waiter.since),
      until: timeOrNull(waiter.until),
    })),
  }
}

/**
 * Takes the lock from its holder, or from the named one. The lock-manager does it and notes it; the
 * audit entry here says who asked. Throws `conflict` when nobody holds it.
 */
export async function forceRelease(
  context: Context,
  caller: Caller,
  request: RecordAddress & { executionId: string | null; reason: string },
): Promise<object> {
  demandAdmin(caller, 'force locks free')
  const { id } = await find(context, caller, request)
  const { workspaceId, userId } = caller
  const lock = { workspaceId, key: lockKey(id) }
  const { holders } = await inspectLock(context.api, lock, 0)
  const holder = holders.find(
    (one) => request.executionId === null || one.executionId === request.executionId,
  )
  if (holder === undefined)
    throw new ServiceError('conflict', 'Nobody holds the lock; there is nothing to release.')

  const { executionId } = holder
  const token = BigInt(holder.token)
  const { reason } = request
  const released = await callLockManager(context, async (client) => {
    const answer = await client.forceRelease({ ...lock, executionId, token, reason, userId })
    return answer.released
  })
  await insertAudit(context.api, {
    workspaceId,
    id: newId(),
    actorId: userId,
    action: 'lock.force_release',
    subject: lock.key,
    details: JSON.stringify({ execution_id: executionId, token: holder.token, reason, released }),
  })
  return { released, ...(await inspectSettingLock(context, caller, request)) }
}

const SHOWN_MAX = 1_000

const lockKey = (settingId: string): string => `setting:${settingId}`

type LockClient = ReturnType<typeof createGrpcClient<typeof lockService>>

async function callLockManager<T>(
  context: Context,
  call: (client: LockClient) => Promise<T>,
): Promise<T> {
  const processes = await liveProcesses(context.api)
  const manager = processes.find((process) => process.service === 'lock-manager')
  if (manager?.address === undefined || manager.address === null)
    throw new ServiceError('unavailable', 'No lock-manager is running.')
  const client = createGrpcClient(lockService, manager.address)
  try {
    return await call(client)
  } finally {
    client.close()
  }
}
