import type { Bus } from '@millrace/bus'
import type { Status } from '@millrace/execution'
import type { AnsweredExecution, CancelledExecution, NewExecution } from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'

/** What others are told once a transaction about a schedule is committed. All of it may be lost. */
export interface Aftermath {
  readonly born: NewExecution[]
  readonly cancelled: CancelledExecution[]
  readonly moved: MovedExecution[]
  readonly answered: AnsweredExecution[]
  /** When iterations that were born now are to be decided about; ms since 1970. No timer is set. */
  readonly awaiting: number[]
}

export interface MovedExecution extends ExecutionKey {
  readonly version: number
  readonly status: Status
  readonly parentId: string | null
  /** Who held it. */
  readonly processId: string | null
}

export const createAftermath = (): Aftermath => ({
  born: [],
  cancelled: [],
  moved: [],
  answered: [],
  awaiting: [],
})

export function announce(bus: Bus, { awaiting, born, cancelled, moved }: Aftermath): void {
  const ended = cancelled.map((one) => ({ ...one, status: 'ENDED_CANCELLED' as const }))
  const all = [...moved, ...ended]
  bus.publishMoved(all)
  bus.publishEnded(ended)
  for (const [processId, theirs] of Map.groupBy(all, (one) => one.processId))
    if (processId !== null) bus.publishControl(processId, theirs)

  const unheld = born.filter(({ paused, scheduledFor }) => !paused && scheduledFor === null)
  // What its flow limits waits for its place first.
  bus.nudgeLocks(
    unheld.flatMap(({ workspaceId, gates }) =>
      (gates ?? []).slice(0, 1).map(({ key }) => ({ workspaceId, key })),
    ),
  )
  const ready = [
    ...moved.filter(({ status }) => status === 'WAITING_ENGINE'),
    ...unheld
      .filter(({ gates }) => (gates ?? []).length === 0)
      .map(({ workspaceId, id }) => ({ workspaceId, executionId: id, version: 1 })),
  ]
  if (ready.length > 0)
    void bus.publishDispatch(
      'engine',
      ready.map(({ workspaceId, executionId, version }) => ({ workspaceId, executionId, version })),
    )
  if (awaiting.length > 0) return
  const dueAt = Math.min(...born.map(({ scheduledFor }) => scheduledFor ?? Infinity), Infinity)
  if (dueAt < Infinity) bus.nudgeTimers(dueAt)
}
