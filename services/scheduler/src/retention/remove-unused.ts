import {
  type Content,
  referredContents,
  removeContents,
  type Retained,
  touchContents,
  unusedContents,
} from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import { type Paced, pages } from './pages.ts'

/**
 * Removes payloads and scripts that no execution refers to. What nobody put for as long as executions
 * are kept can be referred to only by executions that are older than that and still there; they are
 * few, and only they are asked. What one of them has counts as used now, and is not asked for again
 * until as much time has passed.
 */
export async function removeUnused(
  context: Pick<SchedulerContext, 'db' | 'metrics'>,
  retained: Retained,
  paced: Paced,
  limits: UnusedLimits = LIMITS,
): Promise<void> {
  for (const content of ['payload', 'script'] as const) {
    const work = { of: content, unused: new Set<string>(), paced, limits }
    for await (const page of pages(paced, (after) =>
      unusedContents(context.db, retained, { of: content, after, limit: limits.page }),
    )) {
      for (const hash of page.hashes) work.unused.add(hash)
      if (work.unused.size >= limits.most) await settle(context, retained, work)
    }
    if (work.unused.size > 0) await settle(context, retained, work)
  }
}

interface Work {
  readonly of: Content
  /** Candidates; none are left afterwards. */
  readonly unused: Set<string>
  readonly paced: Paced
  readonly limits: UnusedLimits
}

async function settle(
  { db, metrics }: Pick<SchedulerContext, 'db' | 'metrics'>,
  retained: Retained,
  { of, unused, paced, limits }: Work,
): Promise<void> {
  const { workspaceId } = retained
  for await (const page of pages(paced, (after) =>
    referredContents(db, retained, { after, limit: limits.survivors }),
  )) {
    const referred = page.hashes.filter((hash) => unused.delete(hash))
    await touchContents(
      db,
      of,
      referred.map((hash) => ({ workspaceId, hash })),
    )
  }
  while (unused.size > 0) {
    const hashes = [...unused.values().take(limits.removed)]
    for (const hash of hashes) unused.delete(hash)
    metrics.removed.inc({ of }, await paced(() => removeContents(db, retained, { of, hashes })))
  }
}

export interface UnusedLimits {
  /** Contents that one statement looks at. */
  readonly page: number
  /** Candidates in memory; with more of them, old executions are asked more than once. */
  readonly most: number
  /** Old executions whose history one statement reads. */
  readonly survivors: number
  /** Contents that one statement removes: a payload may be of megabytes. */
  readonly removed: number
}

const LIMITS: UnusedLimits = { page: 2_000, most: 20_000, survivors: 200, removed: 100 }
