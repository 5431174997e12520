import { cancelExecutions, type ParentIs, readChildrenOfMany } from '@millrace/store'
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
   * Cancels all that is below what was ended at its maximum runtime. When this returns true nothing of it
   * lives, unless the top was reverted meanwhile: then the rest is left to its new life. False: it was
   * told to stop on the way.
   */
  cancelTree(
    top: ExecutionKey,
    options: { readonly message: string; readonly signal: AbortSignal },
  ): Promise<boolean>
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
      const [through, own] = [true, false].map((is) => parents.filter((one) => one.through === is))
      await cancelBelow(own ?? [], 'cancelled')
      await cancelBelow(through ?? [], 'ended')
    },
  })

  /** A crash on the way leaves live children of a cancelled parent, which the sweep finds. */
  async function cancelBelow(parents: readonly ExecutionKey[], parentIs: ParentIs): Promise<void> {
    const passed: ExecutionKey[] = []
    for await (const page of readChildrenOfMany(db, parents, parentIs)) {
      // The next level of the live ones follows from their own end.
      passed.push(...page.filter(({ isLive }) => !isLive))
      const live = page.filter(({ isLive }) => isLive)
      for (const [parentId, children] of Map.groupBy(live, (child) => child.parentId))
        await cancel(children, `Cancelled with execution ${parentId} above it.`)
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
   * What is cancelled can start nothing any more by the time its children are read. Page by page and down
   * at once: of a tree of any size only a page of each level is in memory.
   */
  async function cancelTree(
    parents: readonly ExecutionKey[],
    parentIs: ParentIs,
    options: { readonly message: string; readonly signal: AbortSignal },
  ): Promise<boolean> {
    for await (const page of readChildrenOfMany(db, parents, parentIs)) {
      if (options.signal.aborted) return false
      await cancel(
        page.filter(({ isLive }) => isLive),
        options.message,
      )
      if (!(await cancelTree(page, 'ended', options))) return false
    }
    return !options.signal.aborted
  }

  return {
    cancelTree: (top, options) => cancelTree([top], 'overrun', options),
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
