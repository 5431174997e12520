import { notifyAnswered } from '@millrace/bus'
import { type Effect, effectsOf } from '@millrace/execution'
import { ServiceError } from '@millrace/runtime'
import { type ControlRequest, readControls } from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { SchedulerContext } from '../context.ts'
import { attemptControl, type ControlMove } from './attempt-control.ts'
import { createBacklog } from './backlog.ts'
import type { Cascade } from './cascade.ts'
import type { DependencyResolver } from './dependencies.ts'
import { poolOf } from './recover.ts'

/** Carries out what executions ask of each other: cancel, pause, resume. */
export interface Controls {
  /** These executions have opened CONTROL waits. */
  note(keys: readonly ExecutionKey[]): void
  start(): void
  stop(): Promise<void>
}

export function createControls(
  context: SchedulerContext,
  after: {
    readonly cascade: Pick<Cascade, 'noteCancelled'>
    readonly dependencies: Pick<DependencyResolver, 'noteEnded'>
  },
): Controls {
  const { db, bus, log, metrics, presence } = context
  const requests = createBacklog<ExecutionKey>({
    name: 'controls',
    log,
    keyOf: (key) => key.executionId,
    maxItems: REQUESTS_MAX,
    async run(keys) {
      for (const request of await readControls(db, keys)) await carryOut(request)
    },
  })

  async function carryOut(request: ControlRequest): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const done = await db.transaction((tx) => attemptControl(tx, request)).catch(nullIfOvertaken)
      if (done === null) continue
      if (done.answered.length === 0) return
      metrics.controls.inc({ action: request.action, verdict: done.verdict })
      notifyAnswered(bus, done.answered, presence.isAlive)
      if (done.move !== null) tell(request, done.move)
      return
    }
    // Somebody else moves it all the time; the wait stays open and the sweep comes back to it.
    log.warn({ ...request }, 'a control request was overtaken too often')
  }

  function tell({ workspaceId }: ControlRequest, { row, before, next }: ControlMove): void {
    const key = { workspaceId, executionId: row.id }
    const moved = { ...key, version: next.version, status: next.state.status }
    bus.publishMoved([{ ...moved, parentId: row.parent_execution_id }])
    for (const effect of effectsOf(before, next)) perform(effect)

    function perform(effect: Effect): void {
      if (effect.kind === 'dispatch')
        void bus.publishDispatch(poolOf(row), [{ ...moved, priority: row.priority }])
      if (effect.kind === 'cancelChildren') after.cascade.noteCancelled([key])
      if (effect.kind === 'stopProcess' && row.process_id !== null)
        bus.publishControl(row.process_id, [moved])
      if (effect.kind === 'wakeDependents') {
        bus.publishEnded([moved])
        after.dependencies.noteEnded([key])
      }
    }
  }

  return { note: requests.add, start: requests.start, stop: requests.stop }
}

const REQUESTS_MAX = 200
const ATTEMPTS = 5

function nullIfOvertaken(error: unknown): null {
  if (error instanceof ServiceError && error.code === 'stale') return null
  throw error
}
