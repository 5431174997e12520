import {
  decide,
  type Decision,
  type Execution,
  isEnded,
  REFUSALS,
  type UserEvent,
} from '@millrace/execution'
import type { Outcome } from '@millrace/replay'
import { ServiceError } from '@millrace/runtime'
import {
  type AnsweredExecution,
  answerWaits,
  applyIfVersion,
  type ControlRequest,
  type ExecutionRow,
  type Queryable,
  readExecution,
  readWaits,
  toExecution,
} from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'

/** What became of a request. Nobody answered: it was dealt with before. */
export interface ControlResult {
  readonly verdict: 'moved' | 'noEffect' | 'refused' | 'missing'
  readonly answered: readonly AnsweredExecution[]
  readonly move: ControlMove | null
}

export interface ControlMove {
  readonly row: ExecutionRow
  readonly before: Execution
  readonly next: Execution
}

/**
 * Moves the target and answers who asked, in the caller's transaction: both happen or neither, and
 * only while the wait is open. Throws `stale` when the target was moved meanwhile: try again.
 */
export async function attemptControl(
  tx: Queryable,
  request: ControlRequest,
): Promise<ControlResult> {
  const { workspaceId, executionId, generation, seq, action, targetId } = request
  const event = EVENTS.get(action)
  const target = await readTarget(tx, { workspaceId, executionId: targetId }, event)
  const plan = planOf(request, event, target)

  // The answer comes first: whether the request is still open is settled under its row lock.
  const answered = await answerWaits(tx, [
    { workspaceId, executionId, generation, seq, outcome: plan.outcome },
  ])
  if (plan.verdict !== 'moved' || answered.length === 0)
    return { verdict: plan.verdict, answered, move: null }

  // About oneself: the answer may just have moved the row that was read.
  const key = { workspaceId, executionId: targetId }
  const current = targetId === executionId ? await readTarget(tx, key, event) : target
  if (current?.decision.kind !== 'moved') return { verdict: 'noEffect', answered, move: null }
  const { row, before, decision } = current
  const message = isEnded(decision.next.state.status)
    ? `Cancelled by execution ${executionId}.`
    : null
  if (!(await applyIfVersion(tx, key, { before, after: decision.next, message })))
    throw new ServiceError('stale', `execution ${targetId} was moved meanwhile`)
  return { verdict: 'moved', answered, move: { row, before, next: decision.next } }
}

interface Target {
  readonly row: ExecutionRow
  readonly before: Execution
  readonly decision: Decision
}

async function readTarget(
  tx: Queryable,
  key: ExecutionKey,
  event: UserEvent | undefined,
): Promise<Target | null> {
  const row = await readExecution(tx, key)
  if (row === null) return null
  const before = toExecution(row, await readWaits(tx, key))
  const decision: Decision =
    event === undefined ? { kind: 'refused', why: 'notAllowed' } : decide(before, event)
  return { row, before, decision }
}

interface Plan {
  readonly verdict: ControlResult['verdict']
  readonly outcome: Outcome
}

function planOf(
  { action, targetId }: ControlRequest,
  event: UserEvent | undefined,
  target: Target | null,
): Plan {
  if (event === undefined)
    return {
      verdict: 'refused',
      outcome: failure('EngineException', `there is no action ${action}`),
    }
  if (target === null) {
    const message = `There is no execution ${targetId} to ${action}.`
    return { verdict: 'missing', outcome: failure('ResourceNotFoundError', message) }
  }
  const { before, decision } = target
  switch (decision.kind) {
    case 'moved':
      return { verdict: 'moved', outcome: success(decision.next) }
    case 'refused': {
      const message = `Cannot ${action} execution ${targetId} in ${before.state.status}: ${REFUSALS[decision.why]}.`
      return { verdict: 'refused', outcome: failure('EngineException', message) }
    }
    case 'noted':
    case 'ignored':
      return { verdict: 'noEffect', outcome: success(before) }
  }
}

const EVENTS: ReadonlyMap<string, UserEvent> = new Map([
  ['cancel', { type: 'cancelRequested' }],
  ['pause', { type: 'pauseRequested' }],
  ['resume', { type: 'resumeRequested' }],
])

const success = ({ state }: Execution): Outcome => ({
  kind: 'value',
  value: { v: { status: state.status } },
})

const failure = (name: string, message: string): Outcome => ({
  kind: 'error',
  error: { name, message },
})
