import { loop, type Loop } from '@millrace/runtime'
import { type ExecutionKey, forgetRuntimes } from '@millrace/store'
import { retryLogger, type SchedulerContext } from '../context.ts'
import type { Cascade } from '../resolve/cascade.ts'

/** Cancels what is below those that were ended at their maximum runtime, several trees at a time. */
export interface OverrunTrees {
  readonly loops: readonly Loop[]
  /**
   * One that is under way or waiting already is passed over. What fails is forgotten here, and named again
   * by the row of its limit, which stays until the tree is cancelled.
   */
  note(tops: readonly ExecutionKey[]): void
}

export function createOverrunTrees(
  { db, log }: SchedulerContext,
  cascade: Pick<Cascade, 'cancelTree'>,
): OverrunTrees {
  const waiting = new Map<string, ExecutionKey>()
  const underWay = new Set<string>()

  const loops = Array.from({ length: TREES_AT_ONCE }, (_, index) =>
    loop(`overrun trees ${String(index + 1)}`, {
      async run(signal) {
        const [top] = waiting.values()
        if (top === undefined) return
        const { executionId } = top
        waiting.delete(executionId)
        underWay.add(executionId)
        const message = `Cancelled with execution ${executionId} above it, which has run for too long.`
        try {
          if (await cascade.cancelTree(top, { message, signal })) await forgetRuntimes(db, [top])
        } finally {
          underWay.delete(executionId)
        }
        return waiting.size > 0 ? 0 : undefined
      },
      onError: retryLogger(log),
    }),
  )

  return {
    loops,
    note(tops) {
      for (const top of tops)
        if (waiting.size < WAITING_MAX && !underWay.has(top.executionId))
          waiting.set(top.executionId, top)
      // Any of them may be busy.
      if (waiting.size > 0) for (const one of loops) one.wake()
    },
  }
}

// A connection each.
const TREES_AT_ONCE = 4
// The others come again with the next look at their limits.
const WAITING_MAX = 10_000
