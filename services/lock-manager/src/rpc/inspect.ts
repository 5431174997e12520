import type { RequestOf, ResponseOf } from '@millrace/runtime/grpc'
import { inspectLock, listLocks, type LockView } from '@millrace/store'
import type { lockService } from '@millrace/wire'
import type { LockContext } from '../context.ts'

type Inspect = (typeof lockService)['inspect']
type LockState = ResponseOf<Inspect>['locks'][number]

/** One lock, held or not, or all that are held or waited for, by key. */
export async function inspectRpc(
  { db }: Pick<LockContext, 'db'>,
  { workspaceId, key, limit }: RequestOf<Inspect>,
): Promise<ResponseOf<Inspect>> {
  const most = Math.min(limit ?? LOCKS_DEFAULT, LOCKS_MAX)
  const keys =
    key === undefined
      ? (await listLocks(db, { workspaceId, after: '', limit: most })).map((lock) => lock.key)
      : [key]
  const locks: LockState[] = []
  for (const each of keys)
    locks.push(toLockState(await inspectLock(db, { workspaceId, key: each })))
  return { locks }
}

const LOCKS_DEFAULT = 100
const LOCKS_MAX = 1_000
const WAITERS_MAX = 1_000

function toLockState({ key, capacity, holders, waiters }: LockView): LockState {
  return {
    key,
    capacity,
    holders: holders.map(({ executionId, token, since }) => ({
      executionId,
      token: BigInt(token),
      since: new Date(since),
    })),
    waiters: waiters.slice(0, WAITERS_MAX).map(({ executionId, position, since, until }) => ({
      executionId,
      position,
      since: new Date(since),
      until: until === null ? undefined : new Date(until),
    })),
    waiterCount: waiters.length,
  }
}
