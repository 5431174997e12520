import { isEnded, type Status } from '@millrace/execution'
import { newId, ServiceError } from '@millrace/runtime'
import {
  insertAudit,
  purgeExecution as purge,
  readStatuses,
  restoreExecution as restore,
  trashExecution as trash,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound, notFound, toProblem } from '../problem.ts'
import type { SteerOutcome } from './steer-executions.ts'

/**
 * Puts an ended execution into the trash: it is out of lists until it is restored, and goes for ever
 * with its tree. Doing it again changes nothing. Throws `notFound`, and `conflict` while it lives.
 */
export async function trashExecution(context: Context, caller: Caller, id: string): Promise<void> {
  const { workspaceId, userId: by } = caller
  const result = await trash(context.api, { workspaceId, id, by })
  if (result === null) throw executionNotFound(id)
  if (!result.done) throw lives(id, result.status)
  await note(context, caller, { action: 'execution.trash', id })
}

/** Puts many into the trash, each on its own: one that is refused stops no other. In the order of `ids`. */
export async function trashMany(
  context: Context,
  caller: Caller,
  ids: readonly string[],
): Promise<SteerOutcome[]> {
  const outcomes: SteerOutcome[] = []
  for (let from = 0; from < ids.length; from += AT_ONCE)
    outcomes.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map(one))))
  return outcomes

  async function one(id: string): Promise<SteerOutcome> {
    try {
      await trashExecution(context, caller, id)
      return { id, status: 200, detail: null }
    } catch (error) {
      const { status, detail } = toProblem(error, '')
      return { id, status, detail }
    }
  }
}

/** What `trashMany` would do now. */
export async function foreseeTrash(
  context: Context,
  { workspaceId }: Caller,
  ids: readonly string[],
): Promise<SteerOutcome[]> {
  const standings = await readStatuses(
    context.api,
    ids.map((executionId) => ({ workspaceId, executionId })),
  )
  return ids.map((id) => {
    const status = standings.get(id)?.status
    if (status === undefined) {
      const problem = toProblem(executionNotFound(id), '')
      return { id, status: problem.status, detail: problem.detail }
    }
    return isEnded(status)
      ? { id, status: 200, detail: 'would be touched' }
      : { id, status: 409, detail: lives(id, status).message }
  })
}

/** Each is a statement of its own; more would keep others waiting for a connection. */
const AT_ONCE = 16

/** Takes it out of the trash. Throws `notFound` when it is not in there. */
export async function restoreExecution(
  context: Context,
  caller: Caller,
  id: string,
): Promise<void> {
  const { workspaceId } = caller
  if (!(await restore(context.api, { workspaceId, id })))
    throw notFound(`execution ${id} in the trash`)
  await note(context, caller, { action: 'execution.restore', id })
}

/**
 * Removes it and all below it for ever, in the trash or not. Throws `notFound`, and `conflict` while
 * one of them lives or somebody waits for one of them.
 */
export async function purgeExecution(context: Context, caller: Caller, id: string): Promise<void> {
  const { workspaceId } = caller
  const result = await purge(context.api, { workspaceId, id })
  switch (result.kind) {
    case 'purged':
      return note(context, caller, { action: 'execution.purge', id, count: result.count })
    case 'notFound':
      throw executionNotFound(id)
    case 'lives':
      throw conflict(
        result.id === id
          ? `Execution ${id} has not ended. Cancel it first.`
          : `Below execution ${id}, ${result.id} has not ended. Cancel it first.`,
      )
    case 'awaited':
      throw conflict(
        `Execution ${result.by} waits for execution ${id} or for one below it. Wait for it to go on, or cancel it.`,
      )
    case 'tooMany':
      throw conflict(
        `More than ${result.limit} executions are below execution ${id}. Purge those below it first.`,
      )
    case 'busy':
      throw new ServiceError(
        'stale',
        `Execution ${id}, or one below it, is changing at this moment. Try again.`,
      )
  }
}

const lives = (id: string, status: Status): ServiceError =>
  new ServiceError(
    'conflict',
    `Execution ${id} is ${status}; only what has ended can be put into the trash. Cancel it first.`,
    { details: { execution_status: status } },
  )

const conflict = (sentence: string): ServiceError => new ServiceError('conflict', sentence)

function note(
  context: Context,
  { workspaceId, userId }: Caller,
  { action, id, count }: { readonly action: string; readonly id: string; readonly count?: number },
): Promise<void> {
  return insertAudit(context.api, {
    workspaceId,
    id: newId(),
    actorId: userId,
    action,
    subject: `execution ${id}`,
    details: count === undefined ? null : JSON.stringify({ count }),
  })
}
