import type { Bus } from '@millrace/bus'
import { type Database, locksHeldBy, revertExecution } from '@millrace/store'
import type { Held } from './held.ts'

/** The version at which the next life is ready, or why it cannot begin. Null: somebody else moved it. */
export type WentBack = { readonly version: number } | { readonly why: string } | null

/**
 * Begins the next life of an execution whose code goes back. Its locks are free now: their manager is
 * told, and finds it out by itself if that is lost.
 */
export function createGoBack({
  db,
  bus,
}: {
  readonly db: Database
  readonly bus: Bus
}): (held: Held, to: number) => Promise<WentBack> {
  return async (held, to) => {
    const key = { workspaceId: held.workspaceId, executionId: held.executionId }
    const result = await revertExecution(db, key, {
      to: { seq: to },
      by: null,
      version: held.version,
    })
    if (result.kind === 'unknown' || result.kind === 'overtaken') return null
    if (result.kind !== 'reverted') return { why: result.why }
    const { version } = result
    const { parentId } = held
    bus.publishMoved([{ ...key, version, status: 'WAITING_ENGINE', parentId }])
    const locks = held.askedForLocks ? await locksHeldBy(db, [key]) : []
    if (locks.length > 0) bus.nudgeLocks(locks)
    return { version }
  }
}
