import { monotonicMs } from '@millrace/runtime'
import { type Database, dependencySeeds, type ExecutionKey } from '@millrace/store'

/** Which waits for executions a look for deadlocks begins with: those that are new, and a page of all. */
export interface DependencyWalk {
  /** Pages of who waits; none while it is too early to read again. `startedAt`: of the look, monotonic. */
  read(startedAt: number): AsyncGenerator<readonly ExecutionKey[]>
  /** A look was missed or has failed: what is new is not known, all are walked from the beginning. */
  startOver(): void
}

export function createDependencyWalk(db: Database, olderThanMs: number): DependencyWalk {
  let newSince: number | null = null
  let isWalking = true
  let walkedTo: ExecutionKey | null = null
  let walkStartedAt = 0
  let nextAt = 0

  return {
    async *read(startedAt) {
      if (startedAt < nextAt) return
      let tookMs = 0
      const read = async (after: ExecutionKey | null, newerThanMs: number | null) => {
        const readAt = monotonicMs()
        const page = await dependencySeeds(db, {
          olderThanMs,
          newerThanMs,
          after,
          limit: SEEDS_MAX,
        })
        tookMs += monotonicMs() - readAt
        return page
      }
      if (newSince !== null) {
        for (let after: ExecutionKey | null | undefined; after !== null;) {
          const sinceMs = monotonicMs() - newSince + OVERLAP_MS
          const page = await read(after ?? null, olderThanMs + sinceMs)
          after = page.next
          yield page.seeds
        }
      }
      newSince = startedAt
      if (!isWalking && startedAt - walkStartedAt > WALK_EVERY_MS) isWalking = true
      if (isWalking) {
        if (walkedTo === null) walkStartedAt = startedAt
        const page = await read(walkedTo, null)
        walkedTo = page.next
        isWalking = walkedTo !== null
        yield page.seeds
      }
      nextAt = monotonicMs() + pauseAfterScan(tookMs)
    },
    startOver() {
      newSince = null
      isWalking = true
      walkedTo = null
    },
  }
}

/** As pauseAfterLook; it is every wait that is read here. */
export const pauseAfterScan = (tookMs: number): number => Math.min(tookMs * 50, 15_000)

const WALK_EVERY_MS = 60_000
// Commits become visible later than the time they carry.
const OVERLAP_MS = 5_000
const SEEDS_MAX = 10_000
