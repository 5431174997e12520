import type { Status } from '@millrace/execution'
import type { Outcome } from '@millrace/replay'
import type { Queryable } from './database.ts'
import { loadStatements } from './statement.ts'

const sql = loadStatements('answers', ['answerWaits'])

/** The answer to one open wait; `seq` 0 is the start time of a SCHEDULED execution. */
export interface WaitAnswer {
  readonly workspaceId: string
  readonly executionId: string
  readonly generation: number
  readonly seq: number
  readonly outcome: Outcome
}

/** An execution of which at least one wait was answered, and what its engine should know. */
export interface AnsweredExecution {
  readonly workspaceId: string
  readonly executionId: string
  readonly version: number
  readonly status: Status
  readonly type: string
  readonly priority: number
  /** Whether the answer moved it to WAITING_ENGINE: then somebody must be told. */
  readonly moved: boolean
  /** The process that holds it or keeps it warm. */
  readonly processId: string | null
  readonly parentId: string | null
  readonly answers: readonly {
    readonly position: number
    readonly seq: number
    /** JSON text of the Outcome. */
    readonly outcome: string
    readonly at: number
  }[]
}

/**
 * Answers open waits, each at most once: deletes the wait, appends the answer at the next position
 * and moves a parked execution to WAITING_ENGINE, all in one statement. Waits that are gone
 * (answered, timed out, ended) are passed over, so it may be called twice with the same items.
 *
 * After it commits the caller must nudge (`notifyAnswered` in the bus); a crash before that leaves
 * an execution in WAITING_ENGINE that the sweep finds.
 */
export async function answerWaits(
  db: Queryable,
  items: readonly WaitAnswer[],
): Promise<AnsweredExecution[]> {
  if (items.length === 0) return []
  const outcomes = new Map<string, string>()
  const keys = []
  const texts: string[] = []
  for (const { workspaceId, executionId, generation, seq, outcome } of items) {
    const text = JSON.stringify(outcome)
    const id = `${executionId}/${seq}`
    if (outcomes.has(id)) continue // a second answer to one wait in one batch: the first counts
    outcomes.set(id, text)
    keys.push({ workspace_id: workspaceId, execution_id: executionId, generation, seq })
    texts.push(text)
  }
  const rows = await db.query<AnsweredRow>(sql.answerWaits, [JSON.stringify(keys), texts])
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    executionId: row.id,
    version: row.version,
    status: row.status,
    type: row.type,
    priority: row.priority,
    moved: row.moved,
    processId: row.process_id,
    parentId: row.parent_execution_id,
    answers: row.seqs.map((seq, index) => ({
      position: row.answered - row.seqs.length + index + 1,
      seq,
      outcome: outcomes.get(`${row.id}/${seq}`) ?? 'null',
      at: row.at,
    })),
  }))
}

interface AnsweredRow {
  workspace_id: string
  id: string
  version: number
  status: Status
  type: string
  priority: number
  process_id: string | null
  moved: boolean
  answered: number
  at: number
  seqs: number[]
  parent_execution_id: string | null
}
