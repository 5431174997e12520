import type { Attempt } from '../attempt.ts'
import type { PreparedStatement } from './named-parameters.ts'
import { type StatementResult, runStatement } from './run-statement.ts'
import type { Session } from './session.ts'
import type { SqlPgInput, Want } from './sqlpg-input.ts'

/** One attempt's use of a session, and how far its transaction is. */
export interface PgWork {
  isUndoable: boolean
  commitsItself: boolean
  readonly input: SqlPgInput
  readonly attempt: Attempt
  session: Session | null
}

/** Everything between BEGIN and COMMIT; an error leaves the ROLLBACK to the end of the connection. */
export async function transaction<T>(work: PgWork, run: () => Promise<T>): Promise<T> {
  work.isUndoable = true
  await plain(
    work,
    `BEGIN ISOLATION LEVEL ${work.input.isolation_level}${work.input.read_only ? ' READ ONLY' : ''}`,
  )
  const result = await run()
  // Once COMMIT is sent, only its answer tells; a transaction that only reads has nothing to lose.
  work.isUndoable = work.input.read_only
  await plain(work, 'COMMIT')
  return result
}

export const plain = (
  work: PgWork,
  text: string,
  values: readonly unknown[] = [],
): Promise<StatementResult> => runIn(work, { text, values }, values.length === 0 ? 'none' : 'all')

export function runIn(
  work: PgWork,
  bound: PreparedStatement,
  want: Want,
): Promise<StatementResult> {
  if (work.session === null) throw new Error('no session')
  return runStatement(work.session, bound, want, work.input, work.attempt)
}
