import { createExecutions } from './create-executions.ts'
import type { Database } from './database.ts'
import {
  cutAt,
  findSavepointOf,
  type SavepointRef,
  type SavepointRefusal,
} from './find-savepoint.ts'
import type { NewExecution } from './new-execution.ts'
import { inheritPast } from './past.ts'
import { type ExecutionRow, readExecution } from './read-execution.ts'
import { touchContents } from './retention.ts'
import { sql } from './reverts-sql.ts'
import { readClock } from './why.ts'

/** `unknown`: the execution that it was to begin with is not there any more. */
export type ForkResult =
  | { readonly kind: 'forked'; readonly row: ExecutionRow; readonly seq: number }
  | { readonly kind: 'unknown' }
  | SavepointRefusal

/**
 * Creates an execution that begins after a savepoint of another: with its calls and answers up to there,
 * in one transaction. Twice creates it once. Afterwards the caller nudges an engine, without a copy of
 * its input: it must be read whole. A crash before that leaves a ready execution, which the sweep finds.
 */
export function forkExecution(
  db: Database,
  item: NewExecution,
  from: { readonly executionId: string; readonly savepoint: SavepointRef },
): Promise<ForkResult> {
  const { workspaceId, id } = item
  return db.transaction(async (tx) => {
    const row = await readExecution(tx, { workspaceId, executionId: from.executionId })
    if (row === null) return { kind: 'unknown' }
    const found = await findSavepointOf(tx, row, from.savepoint)
    if (found.kind !== 'found') return found
    const cut = cutAt(found, await readClock(tx))
    if (cut.kind !== 'cut') return cut

    const born = await createExecutions(tx, [item])
    const forked: ForkResult = { kind: 'forked', row, seq: cut.seq }
    if (!born.has(id)) return forked // an earlier try with the same Idempotency-Key
    // It refers to what was put before its birth, and retention counts from when it was put last.
    if (item.scriptHash !== null)
      await touchContents(tx, 'script', [{ workspaceId, hash: item.scriptHash }])
    if (cut.seq === 0) return forked
    const to = { workspaceId, executionId: id, generation: 1 }
    await inheritPast(tx, to, { past: found.past, cut })
    await tx.query(sql.noteInherited, [workspaceId, id, cut.kept, row.id])
    await tx.query(sql.touchInherited, [workspaceId, id])
    return forked
  })
}
