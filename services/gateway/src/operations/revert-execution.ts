import { ServiceError } from '@millrace/runtime'
import {
  listReverts,
  locksHeldBy,
  restoreExecution,
  revertExecution,
  type SavepointRef,
} from '@millrace/store'
import type { Caller, Context } from '../context.ts'
import { executionNotFound } from '../problem.ts'
import { time } from './page-request.ts'
import { readRecord } from './read-execution.ts'
import { refusedSavepoint } from './savepoint-ref.ts'

/** How often a revert is tried again when somebody else was first. */
const TRIES = 8

/**
 * Takes an execution back to a savepoint and lets it go on from there. Throws `notFound` for what is not
 * there, `conflict` with the way out for what cannot be. A repeat of a request whose answer was lost
 * finds that the last revert was it.
 */
export async function revertToSavepoint(
  context: Context,
  caller: Caller,
  request: { id: string; to: SavepointRef; isRepeat?: boolean },
): Promise<void> {
  const { id, to, isRepeat = false } = request
  const key = { workspaceId: caller.workspaceId, executionId: id }
  if (isRepeat && (await wasDone(context, caller, { id, to }))) return
  const {
    type,
    ended_at: endedAt,
    script_hash: script,
  } = await readRecord(context, { workspaceId: key.workspaceId, id })
  if (script === null && type !== 'CONNECTION')
    throw new ServiceError(
      'conflict',
      `Execution ${id} was imported without its script, so there is nothing to go on with.`,
    )
  if (type === 'SCHEDULE' && endedAt !== null)
    throw new ServiceError(
      'conflict',
      `Execution ${id} is an ended iteration of a schedule, and another one has taken its place. Revert what it has started.`,
    )
  for (let round = 0; round < TRIES; round += 1) {
    const result = await revertExecution(context.api, key, { to, by: caller.userId })
    if (result.kind === 'unknown') throw executionNotFound(id)
    if (result.kind === 'overtaken') continue
    if (result.kind !== 'reverted') throw refusedSavepoint(result)
    // What lives is in no trash.
    await restoreExecution(context.api, { workspaceId: key.workspaceId, id })
    const { before, version } = result
    const item = { ...key, version, status: 'WAITING_ENGINE' as const }
    const { bus } = context
    if (before.process_id !== null) bus.publishControl(before.process_id, [item])
    bus.publishMoved([{ ...item, parentId: before.parent_execution_id }])
    void bus.publishDispatch('engine', [{ ...item, priority: before.priority }])
    const locks = await locksHeldBy(context.api, [key])
    if (locks.length > 0) bus.nudgeLocks(locks)
    return
  }
  throw new ServiceError('stale', `Execution ${id} moves too often to revert it. Try again.`)
}

/** Its reverts, oldest first. */
export async function getReverts(
  context: Context,
  caller: Caller,
  request: { id: string; limit?: number | undefined; cursor?: string | undefined },
): Promise<{ items: readonly object[]; next_cursor: string | null }> {
  const { id, limit = 50, cursor } = request
  await readRecord(context, { workspaceId: caller.workspaceId, id })
  const key = { workspaceId: caller.workspaceId, executionId: id }
  const after = /^\d{1,9}$/.test(cursor ?? '') ? Number(cursor) : 0
  const rows = await listReverts(context.api, key, { after, limit })
  return {
    items: rows.map((row) => ({
      generation: row.generation,
      savepoint_id: `${row.from_generation}.${row.seq}`,
      name: row.name,
      created_by: row.created_by,
      created_at: time(row.created_at),
    })),
    next_cursor: rows.length < limit ? null : String(rows.at(-1)?.generation ?? 0),
  }
}

/** Whether the last revert is this one: a crash came between doing it and saying so. */
async function wasDone(
  context: Context,
  caller: Caller,
  { id, to }: { id: string; to: SavepointRef },
): Promise<boolean> {
  const { generation } = await readRecord(context, { workspaceId: caller.workspaceId, id })
  const key = { workspaceId: caller.workspaceId, executionId: id }
  const [last] = await listReverts(context.api, key, { after: generation - 1, limit: 1 })
  if (last === undefined || last.created_by !== caller.userId) return false
  return 'name' in to ? last.name === to.name : last.seq === to.seq
}
