import {
  auditForceRelease,
  loadLocks,
  type LockKey,
  type Queryable,
  saveLocks,
} from '@millrace/store'
import { decide } from '@millrace/lock'
import { type Served, serveLocks } from './serve-locks.ts'

export interface ForceRelease extends LockKey {
  readonly executionId: string
  /** The token that was seen: a later grant to the same execution is not touched. */
  readonly token: number
  readonly reason: string
  readonly actorId: string | null
}

/**
 * Takes a lock from its holder and writes down who did it, in the caller's transaction. The former
 * holder does not notice; its token is what fences it from now on. The next in the queue gets it at
 * once: no free slot is ever left beside a waiter. Null: it was not held under that token any more.
 */
export async function forceRelease(tx: Queryable, request: ForceRelease): Promise<Served | null> {
  const { workspaceId, key, executionId, token, reason, actorId } = request
  const [loaded] = await loadLocks(tx, [{ workspaceId, key }], null)
  const holder = loaded?.lock.holders.find(
    (one) => one.executionId === executionId && one.token === token,
  )
  if (loaded === undefined || holder === undefined) return null
  // Alone, without its queue: grants are given where waits are answered, by serving it next.
  const { next } = decide({ ...loaded.lock, queue: [] }, { type: 'forceReleased', token })
  await saveLocks(tx, [
    {
      loaded,
      next: { ...next, queue: loaded.lock.queue },
      joined: [],
      done: [],
      generationOf: new Map(),
    },
  ])
  await auditForceRelease(tx, {
    workspaceId,
    key,
    actorId,
    details: { execution_id: executionId, token, reason },
  })
  return await serveLocks(tx, [{ workspaceId, key }], null)
}
