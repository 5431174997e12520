import { type EndedExecution, type Outcome, PAST_MAX_BYTES } from '@millrace/replay'
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

export interface CollectedDependencies {
  readonly found: readonly WaitAnswer[]
  /** Waits that are decided as well, whose answers did not go into one batch with the others. */
  readonly later: readonly (ExecutionKey & { readonly seq: number })[]
}

/**
 * The answers of all dependency waits that the hints lead to and that are decided by now. Hints may
 * be late, repeated or wrong: the rows alone decide. `ended` of an answer keeps the caller's order.
 *
 * Together they bring no more than one execution may have as its past. A wait for so many or so large
 * outputs that its answer alone has more is answered with an error.
 */
export async function collectDependencies(
  db: Queryable,
  hints: DependencyHints,
): Promise<CollectedDependencies> {
  if (hints.ended.length === 0 && hints.waits.length === 0) return { found: [], later: [] }
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
    PAST_MAX_BYTES,
  ])
  const found: WaitAnswer[] = []
  const later = []
  for (const row of rows) {
    const { workspace_id: workspaceId, execution_id: executionId, generation, seq } = row
    if (row.is_later) later.push({ workspaceId, executionId, seq })
    else found.push({ workspaceId, executionId, generation, seq, outcome: outcomeOf(row) })
  }
  return { found, later }
}

function outcomeOf({ verdict, missing, bytes, ended }: JudgedRow): Outcome {
  if (verdict === 'missing')
    return {
      kind: 'error',
      error: {
        name: 'ResourceNotFoundError',
        message: `there is no execution ${missing} to wait for`,
        details: { id: missing },
      },
    }
  if (bytes > PAST_MAX_BYTES)
    return {
      kind: 'error',
      error: {
        name: 'InvalidInputError',
        message: `the outputs and messages of the executions waited for have ${mib(bytes)} MiB, and ${mib(PAST_MAX_BYTES)} MiB is the limit of one wait. Wait for fewer at once, make their outputs smaller, or have them write files`,
      },
    }
  return {
    kind: 'dependency',
    verdict,
    ended: ended === null ? [] : (JSON.parse(ended) as EndedExecution[]),
  }
}

const mib = (bytes: number): number => Math.ceil(bytes / 2 ** 20)

interface JudgedRow {
  workspace_id: string
  execution_id: string
  generation: number
  seq: number
  verdict: 'met' | 'failed' | 'missing'
  missing: string | null
  /** Of what the executions that have ended leave. */
  bytes: number
  is_later: boolean
  ended: string | null
}
