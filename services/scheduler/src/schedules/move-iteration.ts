import { decide } from '@millrace/execution'
import { ServiceError } from '@millrace/runtime'
import {
  applyIfVersion,
  type Queryable,
  readExecution,
  readWaits,
  toExecution,
} from '@millrace/store'
import type { ExecutionKey } from '@millrace/wire'
import type { MovedExecution } from './aftermath.ts'

/**
 * Pauses or resumes an iteration with its schedule. Null: it does not have to be moved, such as one
 * that a person has paused before. Throws `stale` when it was moved meanwhile: try all of it again.
 */
export async function moveIteration(
  tx: Queryable,
  key: ExecutionKey,
  type: 'pauseRequested' | 'resumeRequested',
): Promise<MovedExecution | null> {
  const row = await readExecution(tx, key)
  if (row === null) return null
  const before = toExecution(row, await readWaits(tx, key))
  const decision = decide(before, { type })
  if (decision.kind !== 'moved') return null
  const after = decision.next
  if (!(await applyIfVersion(tx, key, { before, after })))
    throw new ServiceError('stale', `execution ${key.executionId} was moved meanwhile`)
  return {
    ...key,
    version: after.version,
    status: after.state.status,
    parentId: row.parent_execution_id,
    processId: row.process_id,
  }
}
