import { type Execution, isEnded } from '@millrace/execution'
import type { Queryable } from './database.ts'
import { sql } from './executions-sql.ts'
import { pgTextOrNull } from './pg-text.ts'
import type { ExecutionKey } from './read-execution.ts'

/**
 * Writes one move that `decide` made, if the execution is still at the version that it was decided
 * on. False: somebody was first; read again and decide again. An end removes its open waits, a revert
 * those of the life before.
 */
export async function applyIfVersion(
  db: Queryable,
  key: ExecutionKey,
  {
    before,
    after,
    message = null,
  }: { readonly before: Execution; readonly after: Execution; readonly message?: string | null },
): Promise<boolean> {
  const { state } = after
  const rows = await db.query(sql.applyIfVersion, [
    key.workspaceId,
    key.executionId,
    before.version,
    state.status,
    state.status === 'PAUSED' ? state.beneath : null,
    after.epoch,
    after.generation,
    after.recoveries,
    isEnded(state.status),
    pgTextOrNull(message),
    after.answered,
  ])
  return rows.length > 0
}
