import { decide, isEnded, REFUSALS, type UserEvent } from '@millrace/execution'
import { ServiceError } from '@millrace/runtime'
import {
  applyIfVersion,
  type ExecutionRow,
  readExecution,
  readWaits,
  type SteerAction,
  toExecution,
  type WaitRow,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import { refusedMove, steerTree } from './steer-executions.ts'

export type MoveAction = SteerAction

/** How often a move is decided again when somebody else was first. */
const TRIES = 8

/**
 * Cancels, pauses or resumes: reads, decides, applies if nobody moved it meanwhile. Throws
 * `notFound`, and `conflict` with the present status when it is refused. After the commit, whoever
 * holds it is told to let go; a crash before that leaves what the leases and sweeps find.
 */
export async function moveExecution(
  context: Context,
  caller: Caller,
  request: {
    id: string
    action: MoveAction
    message?: string | null
    isRepeat?: boolean
    /** Pause and resume: all below it, too, as far as a cancel goes. */
    tree?: boolean
  },
): Promise<{ moved: boolean }> {
  const { id, action, isRepeat = false } = request
  const key = { workspaceId: caller.workspaceId, executionId: id }
  if (request.tree === true && action !== 'cancel') {
    if ((await readExecution(context.api, key)) === null) throw executionNotFound(id)
    await steerTree(context, caller, { id, action })
    return { moved: true }
  }
  for (let round = 0; round < TRIES; round += 1) {
    const row = await readExecution(context.api, key)
    if (row === null) throw executionNotFound(id)
    // Its answer was lost: that it is cancelled now is what was asked for.
    if (isRepeat && action === 'cancel' && row.status === 'ENDED_CANCELLED') return { moved: false }
    if (isEnded(row.status)) throw refusedMove(row, action, 'it has ended')
    const waits = await readWaits(context.api, key)
    const before = toExecution(row, waits)
    const decision = decide(before, { type: EVENTS[action] })
    if (decision.kind === 'refused') throw refusedMove(row, action, REFUSALS[decision.why])
    if (decision.kind !== 'moved') return { moved: false }
    const message =
      action === 'cancel' ? (request.message ?? `Cancelled by ${caller.userName}.`) : null
    const applied = await applyIfVersion(context.api, key, {
      before,
      after: decision.next,
      message,
    })
    if (!applied) continue
    const { version, state } = decision.next
    tellMoved(context, row, { version, status: state.status }, waits)
    return { moved: true }
  }
  throw new ServiceError('stale', `Execution ${id} moves too often to ${action} it. Try again.`)
}

const EVENTS = {
  cancel: 'cancelRequested',
  pause: 'pauseRequested',
  resume: 'resumeRequested',
} as const satisfies Record<MoveAction, UserEvent['type']>

/** After the commit: whoever holds it lets go, whoever waits looks again. All of it may be lost. */
export function tellMoved(
  { bus }: Context,
  row: ExecutionRow,
  after: { version: number; status: ExecutionRow['status'] },
  waits: readonly WaitRow[],
): void {
  const item = { workspaceId: row.workspace_id, executionId: row.id, ...after }
  if (row.process_id !== null) bus.publishControl(row.process_id, [item])
  bus.publishMoved([{ ...item, parentId: row.parent_execution_id }])
  if (isEnded(after.status)) bus.publishEnded([item])
  if (after.status === 'WAITING_ENGINE')
    void bus.publishDispatch(row.type === 'CONNECTION' ? 'connector' : 'engine', [
      { ...item, priority: row.priority },
    ])
  // Held back before its start, it has just asked for its place.
  const key = waits.find(({ seq, kind }) => seq === 0 && kind === 'LOCK')?.subject
  if (after.status === 'WAITING_LOCK' && typeof key === 'string')
    bus.nudgeLocks([{ workspaceId: row.workspace_id, key }])
}
