import { removeDeepest, removeTrees, type Retained } from '@millrace/store'
import type { SchedulerContext } from '../context.ts'
import { type Paced, pages } from './pages.ts'

/**
 * Removes the trees of a workspace that are due, oldest first. A tree goes as a whole in one statement;
 * one that is too large for that goes from its deepest members up, so that a crash between leaves a
 * smaller tree, in which everybody still has a parent.
 */
export async function removeOldTrees(
  { db, metrics }: Pick<SchedulerContext, 'db' | 'metrics'>,
  retained: Retained,
  paced: Paced,
  limits: TreeLimits = LIMITS,
): Promise<void> {
  const { page: limit, largest, deepest } = limits
  for await (const page of pages(paced, (after) =>
    removeTrees(db, retained, { after, limit, largest }),
  )) {
    metrics.removed.inc({ of: 'execution' }, page.removed)
    for (const top of page.large) {
      let removed
      do {
        removed = await paced(() => removeDeepest(db, retained, { top, limit: deepest }))
        metrics.removed.inc({ of: 'execution' }, removed)
      } while (removed > 0)
    }
  }
}

export interface TreeLimits {
  /** Executions that one statement looks at. */
  readonly page: number
  /** Members of a tree that goes in one statement. */
  readonly largest: number
  /** Members of a larger one that go at once; the tree is walked again for each, so large steps. */
  readonly deepest: number
}

const LIMITS: TreeLimits = { page: 1_000, largest: 1_000, deepest: 5_000 }
