import { collectDependencies, touchContents, type WaitAnswer, type WaitKey } from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { SchedulerContext } from '../context.ts'
import { answer } from './answer.ts'
import { createBacklog } from './backlog.ts'

/**
 * Answers dependency waits that are decided. Hints collect while a statement runs, so a thousand
 * children that end together resume their parent a few times, not a thousand.
 *
 * Any copy may work on any hint: deleting the wait is what makes an answer the only one.
 */
export interface DependencyResolver {
  /** These have ended. */
  noteEnded(keys: readonly ExecutionKey[]): void
  /** These waits may be decided already. */
  noteWaits(keys: readonly WaitKey[]): void
  start(): void
  stop(): Promise<void>
}

type Hint = { readonly ended: ExecutionKey } | { readonly wait: WaitKey }

export function dependencyResolver(context: SchedulerContext): DependencyResolver {
  const { db, log, metrics } = context
  const hints = createBacklog<Hint>({
    name: 'dependencies',
    log,
    keyOf: (hint) =>
      'ended' in hint ? hint.ended.executionId : `${hint.wait.executionId}/${hint.wait.seq}`,
    maxItems: HINTS_MAX,
    async run(batch) {
      const { found, later } = await collectDependencies(db, {
        ended: batch.flatMap((hint) => ('ended' in hint ? [hint.ended] : [])),
        waits: batch.flatMap((hint) => ('wait' in hint ? [hint.wait] : [])),
      })
      await touchContents(db, 'payload', payloadsOf(found))
      await answer(context, 'dependency', found)
      metrics.resolved.inc({ kind: 'DEPENDENCY' }, found.length)
      hints.add(later.map((wait) => ({ wait })))
    },
  })
  return {
    noteEnded: (keys) => hints.add(keys.map((ended) => ({ ended }))),
    noteWaits: (keys) => hints.add(keys.map((wait) => ({ wait }))),
    start: hints.start,
    stop: hints.stop,
  }
}

/** Large outputs of those that ended: whoever waited refers to them from now on. */
const payloadsOf = (answers: readonly WaitAnswer[]) =>
  answers.flatMap(({ workspaceId, outcome }) =>
    outcome.kind === 'dependency'
      ? outcome.ended.flatMap(({ output }) =>
          'p' in output ? [{ workspaceId, hash: output.p.hash }] : [],
        )
      : [],
  )

// How much they bring is bounded where they are read.
const HINTS_MAX = 1_000
