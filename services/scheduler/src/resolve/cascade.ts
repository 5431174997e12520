import { type ChildExecution, cancelExecutions, readChildren } from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { SchedulerContext } from '../context.ts'
import { createBacklog } from './backlog.ts'

/**
 * A cancelled execution takes with it what it started and what that started, level by level, except
 * orphans and what hangs on them. It goes through children that have ended: what they left running
 * belongs to the tree as well.
 */
export interface Cascade {
  /** These were cancelled. */
  noteCancelled(keys: readonly ExecutionKey[]): void
  /** Cancels these themselves, then what is below them. */
  cancel(keys: readonly ExecutionKey[], message: string): Promise<void>
  /**
   * Cancels all that is below what was ended at its maximum runtime. When this returns nothing of it
   * lives, unless the top was reverted meanwhile: then the rest is left to its new life.
   */
  cancelTree(top: ExecutionKey, message: string): Promise<void>
  start(): void
  stop(): Promise<void>
}

export function createCascade(context: SchedulerContext): Cascade {
  const { db, bus, log, metrics } = context
  const cancelled = createBacklog<Parent>({
    name: 'cascade',
    log,
    keyOf: ({ executionId, through }) => `${executionId}/${String(through)}`,
    maxItems: PARENTS_MAX,
    async run(parents) {
      for (const parent of parents) await cancelBelow(parent)
    },
  })

  /** A crash on the way leaves live children of a cancelled parent, which the sweep finds. */
  async function cancelBelow({ through, ...parent }: Parent): Promise<void> {
    const message = `Cancelled with execution ${parent.executionId} above it.`
    const passed: ExecutionKey[] = []
    let after: string | null = null
    for (;;) {
      const children: ChildExecution[] = await readChildren(db, {
        parent,
        parentIs: through ? 'ended' : 'cancelled',
        after,
        limit: PAGE,
      })
      await cancel(
        children.filter(({ isLive }) => isLive),
        message,
      )
      // The next level of the live ones follows from their own end.
      passed.push(...children.filter(({ isLive }) => !isLive))
      if (children.length < PAGE) break
      after = children.at(-1)?.executionId ?? null
    }
    cancelled.add(passed.map((key) => ({ ...key, through: true })))
  }

  async function cancel(executions: readonly ExecutionKey[], message: string): Promise<void> {
    const ended = await cancelExecutions(db, { executions, message })
    if (ended.length === 0) return
    metrics.cascaded.inc(ended.length)
    const items = ended.map((one) => ({ ...one, status: 'ENDED_CANCELLED' as const }))
    bus.publishMoved(items)
    bus.publishEnded(items)
    for (const [processId, theirs] of Map.groupBy(items, (one) => one.processId))
      if (processId !== null) bus.publishControl(processId, theirs)
    cancelled.add(ended.map(toParent))
  }

  /**
   * What is cancelled can start nothing any more by the time its children are read. Down at once: of a
   * tree of any size only a page of each level is in memory.
   */
  async function cancelTree(
    top: ExecutionKey,
    message: string,
    parentIs: 'overrun' | 'ended' = 'overrun',
  ): Promise<void> {
    for (let after: string | null = null; ;) {
      const children: ChildExecution[] = await readChildren(db, {
        parent: top,
        parentIs,
        after,
        limit: PAGE,
      })
      await cancel(
        children.filter(({ isLive }) => isLive),
        message,
      )
      for (const child of children) await cancelTree(child, message, 'ended')
      if (children.length < PAGE) return
      after = children.at(-1)?.executionId ?? null
    }
  }

  return {
    cancelTree: (top, message) => cancelTree(top, message),
    noteCancelled: (keys) => cancelled.add(keys.map(toParent)),
    cancel,
    start: cancelled.start,
    stop: cancelled.stop,
  }
}

/** `through`: it has ended by itself, and the cancel comes from above it. */
interface Parent extends ExecutionKey {
  readonly through: boolean
}

const toParent = (key: ExecutionKey): Parent => ({ ...key, through: false })

const PARENTS_MAX = 100
const PAGE = 1_000
