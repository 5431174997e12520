import { isEnded, REFUSALS, type Status } from '@millrace/execution'
import { ServiceError } from '@millrace/runtime'
import {
  readChildrenOfMany,
  readStatuses,
  type Standing,
  type SteerAction,
  type SteeredExecution,
  steerExecutions,
} from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { Caller, Context } from '../context.ts'

/** What became of one execution; `status` is the HTTP status that it would have had alone. */
export interface SteerOutcome {
  readonly id: string
  readonly status: number
  readonly detail: string | null
}

/** More in one statement would hold their rows for too long. */
const AT_ONCE = 500

/**
 * Cancels, pauses or resumes many, each on its own: one that is refused stops no other. In the order of
 * `ids`. Each statement is a commit of its own; who asks again after a crash finds the first done.
 */
export async function steerMany(
  context: Context,
  caller: Caller,
  request: { ids: readonly string[]; action: SteerAction; message: string | null },
): Promise<SteerOutcome[]> {
  const { ids, action } = request
  const message = request.message ?? `Cancelled by ${caller.userName}.`
  const found = new Map<string, SteeredExecution>()
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const executions = ids
      .slice(from, from + AT_ONCE)
      .map((executionId) => ({ workspaceId: caller.workspaceId, executionId }))
    const steered = await steerExecutions(context.api, { action, executions, message })
    for (const one of steered) found.set(one.executionId, one)
    tellSteered(context, steered)
  }
  return ids.map((id) => {
    const one = found.get(id)
    if (one === undefined) return outcomeOf(id, null, action)
    if (one.moved !== null) return { id, status: 200, detail: null }
    // What is paused and not stopped is resumed.
    const isStopped = action === 'resume' && one.was === 'PAUSED'
    return outcomeOf(id, { status: one.was, isStopped }, action)
  })
}

/** What `steerMany` would do now. */
export async function foreseeMany(
  context: Context,
  caller: Caller,
  { ids, action }: { ids: readonly string[]; action: SteerAction },
): Promise<SteerOutcome[]> {
  const { workspaceId } = caller
  const statuses = await readStatuses(
    context.api,
    ids.map((executionId) => ({ workspaceId, executionId })),
  )
  return ids.map((id) => outcomeOf(id, statuses.get(id) ?? null, action, 'would be touched'))
}

/**
 * The execution and all below it that is no orphan, as far as a cancel goes. Whoever is paused starts
 * nothing any more by the time that its children are read, so none slips through. What has ended is
 * passed over, with what it has left running below it.
 */
export async function steerTree(
  context: Context,
  caller: Caller,
  request: { id: string; action: 'pause' | 'resume' },
): Promise<void> {
  const { id, action } = request
  // Page by page and down at once: of a tree of any size only a page of each level is in memory.
  const walk = async (executions: readonly ExecutionKey[]): Promise<void> => {
    const steered = await steerExecutions(context.api, { action, executions, message: null })
    tellSteered(context, steered)
    for await (const page of readChildrenOfMany(context.api, executions)) await walk(page)
  }
  await walk([{ workspaceId: caller.workspaceId, executionId: id }])
}

/** After the commit: whoever holds them lets go, whoever waits looks again. All of it may be lost. */
function tellSteered({ bus }: Context, steered: readonly SteeredExecution[]): void {
  const items = steered.flatMap(
    ({ moved, workspaceId, executionId, type, priority, processId, parentId }) =>
      moved === null
        ? []
        : [{ workspaceId, executionId, type, priority, processId, parentId, ...moved }],
  )
  if (items.length === 0) return
  bus.publishMoved(items)
  const gates = steered.flatMap(({ workspaceId, gate: key }) =>
    key === null ? [] : [{ workspaceId, key }],
  )
  if (gates.length > 0) bus.nudgeLocks(gates)
  for (const [processId, theirs] of Map.groupBy(items, (one) => one.processId))
    if (processId !== null) bus.publishControl(processId, theirs)
  const ended = items.filter(({ status }) => isEnded(status))
  if (ended.length > 0) bus.publishEnded(ended)
  const ready = items.filter(({ status }) => status === 'WAITING_ENGINE')
  for (const [pool, theirs] of Map.groupBy(ready, ({ type }) =>
    type === 'CONNECTION' ? ('connector' as const) : ('engine' as const),
  ))
    void bus.publishDispatch(
      pool,
      theirs.map(({ workspaceId, executionId, version, priority }) => ({
        workspaceId,
        executionId,
        version,
        priority,
      })),
    )
}

function outcomeOf(
  id: string,
  standing: Standing | null,
  action: SteerAction,
  fine: string | null = null,
): SteerOutcome {
  if (standing === null)
    return { id, status: 404, detail: `There is no execution ${id} in this workspace.` }
  const { status } = standing
  const why = refusalOf(standing, action)
  if (why !== null)
    return { id, status: 409, detail: refusedMove({ id, status }, action, why).message }
  const isSo = action === 'pause' ? status === 'PAUSED' : !['PAUSED', 'LOST'].includes(status)
  return { id, status: 200, detail: action !== 'cancel' && isSo ? 'was so already' : fine }
}

function refusalOf({ status, isStopped }: Standing, action: SteerAction): string | null {
  if (isEnded(status)) return 'it has ended'
  if (action === 'resume' && isStopped) return REFUSALS.stopped
  return action === 'pause' && status === 'LOST' ? REFUSALS.notAllowed : null
}

/** 409, with the present status. */
export const refusedMove = (
  row: { readonly id: string; readonly status: Status },
  action: SteerAction,
  why: string,
): ServiceError =>
  new ServiceError(
    'conflict',
    `Execution ${row.id} is ${row.status}; one cannot ${action} it: ${why}.`,
    { details: { execution_status: row.status } },
  )
