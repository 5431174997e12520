import type { EndedExecution, Outcome } from '@millrace/replay'
import type { WaitAnswer } from './answers.ts'
import type { Queryable } from './database.ts'
import type { ExecutionKey } from './read-execution.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('dependencies', ['collectDependencies'])

/** Where to look: executions that have ended, and waits that may be decided already. */
export interface DependencyHints {
  readonly ended: readonly ExecutionKey[]
  readonly waits: readonly (ExecutionKey & { readonly seq: number })[]
}

/**
 * The answers of all dependency waits that the hints lead to and that are decided by now. Hints may
 * be late, repeated or wrong: the rows alone decide. `ended` of an answer keeps the caller's order.
 */
export async function collectDependencies(
  db: Queryable,
  hints: DependencyHints,
): Promise<WaitAnswer[]> {
  if (hints.ended.length === 0 && hints.waits.length === 0) return []
  const rows = await db.query<JudgedRow>(sql.collectDependencies, [
    JSON.stringify(
      hints.ended.map((key) => ({ workspace_id: key.workspaceId, id: key.executionId })),
    ),
    JSON.stringify(
      hints.waits.map((key) => ({
        workspace_id: key.workspaceId,
        execution_id: key.executionId,
        seq: key.seq,
      })),
    ),
  ])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.execution_id,
    generation: row.generation,
    seq: row.seq,
    outcome: outcomeOf(row),
  }))
}

function outcomeOf({ verdict, missing, ended }: JudgedRow): Outcome {
  if (verdict === 'missing')
    return {
      kind: 'error',
      error: {
        name: 'ResourceNotFoundError',
        message: `there is no execution ${missing} to wait for`,
        details: { id: missing },
      },
    }
  return {
    kind: 'dependency',
    verdict,
    ended: ended === null ? [] : (JSON.parse(ended) as EndedExecution[]),
  }
}

interface JudgedRow {
  workspace_id: string
  execution_id: string
  generation: number
  seq: number
  verdict: 'met' | 'failed' | 'missing'
  missing: string | null
  ended: string | null
}
